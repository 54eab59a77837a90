/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is to be drawn of the results on a buffer, and where. */
#pragma once

#include "rexnetlabelbox.h"

G_BEGIN_DECLS

typedef struct
{
  GstVideoRectangle area;       /* of the frame */
  GArray *rows;                 /* RexnetRow; may be empty */
} RexnetBox;

/*
 * One box for the frame and one for each region of interest.
 * @max_labels: of one result
 * @analytics: take GstAnalytics classifications where no result is the frame's
 *
 * Returns: (transfer full) (element-type RexnetBox): the texts in it belong to
 *   the buffer's metadata
 */
GArray *rexnet_boxes_collect (GstBuffer * buffer, guint frame_width,
    guint frame_height, guint max_labels, gboolean analytics);

/* Appends what they look like: boxes that read alike look alike. */
void rexnet_boxes_describe (const GArray * boxes, GString * text);

G_END_DECLS
