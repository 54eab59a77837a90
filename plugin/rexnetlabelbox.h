/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Draws a box with labels and score bars, as big as suits the frame. One
 * thread at a time uses a RexnetLabelBox; different ones share nothing.
 */
#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

typedef struct _RexnetLabelBox RexnetLabelBox;

typedef enum
{
  REXNET_POSITION_TOP_LEFT,
  REXNET_POSITION_TOP,
  REXNET_POSITION_TOP_RIGHT,
  REXNET_POSITION_LEFT,
  REXNET_POSITION_CENTER,
  REXNET_POSITION_RIGHT,
  REXNET_POSITION_BOTTOM_LEFT,
  REXNET_POSITION_BOTTOM,
  REXNET_POSITION_BOTTOM_RIGHT,
} RexnetPosition;

typedef struct
{
  const char *font;             /* Pango description; no size: by the frame */
  RexnetPosition position;
  guint32 color, bar, background;       /* ARGB */
  gboolean scores;              /* bars and percentages */
} RexnetBoxStyle;

typedef struct
{
  const char *text;
  double score;                 /* in [0, 1]; negative: a heading */
} RexnetRow;

RexnetLabelBox *rexnet_label_box_new (void);
/* @self: (nullable) */
void rexnet_label_box_free (RexnetLabelBox * self);

/*
 * @area: of the frame, where style->position places the box; it may be smaller
 *   than the box or outside, the box is moved into the frame
 * @n_rows: >= 1. Rows that the frame has no room for are left out.
 *
 * Returns: (transfer full): NULL when the frame is too small for any
 */
GstVideoOverlayRectangle *rexnet_label_box_draw (RexnetLabelBox * self,
    const RexnetBoxStyle * style, guint frame_width, guint frame_height,
    const GstVideoRectangle * area, const RexnetRow * rows, guint n_rows);

G_END_DECLS
