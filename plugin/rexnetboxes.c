/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetboxes.h"

#include "rexnetanalytics.h"
#include "rexnetmeta.h"

/* Below this a label would show 0%; but for the best one it is left out. */
#define LEAST_SCORE 0.005

/* A row without a score is a heading. */
#define NO_SCORE (-1.)

static void
append_row (GArray * rows, const char *text, double score)
{
  RexnetRow row = { text, score };

  g_array_append_val (rows, row);
}

static guint
count_results (GstBuffer * buffer, int region)
{
  gpointer state = NULL;
  RexnetResult result;
  guint n = 0;

  while (rexnet_meta_next (buffer, &state, &result))
    n += result.region == region;
  return n;
}

static GArray *
collect_rows (GstBuffer * buffer, int region, guint max_labels)
{
  GArray *rows = g_array_new (FALSE, FALSE, sizeof (RexnetRow));
  guint n_results = count_results (buffer, region);
  gpointer state = NULL;
  RexnetResult result;

  while (rexnet_meta_next (buffer, &state, &result)) {
    if (result.region != region)
      continue;
    if (n_results > 1)
      append_row (rows, result.model, NO_SCORE);
    for (guint i = 0; i < MIN (result.n, max_labels); i++) {
      RexnetLabel label = rexnet_result_get (&result, i);

      if (i > 0 && label.score < LEAST_SCORE)
        break;
      append_row (rows, label.label, label.score);
    }
  }
  return rows;
}

#ifdef HAVE_ANALYTICS
static void
append_analytics (GstBuffer * buffer, GArray * rows, guint max_labels)
{
  RexnetLabel labels[REXNET_ANALYTICS_MAX];
  guint n = rexnet_analytics_read (buffer, labels,
      MIN (max_labels, REXNET_ANALYTICS_MAX));

  for (guint i = 0; i < n; i++)
    append_row (rows, labels[i].label, labels[i].score);
}
#endif

static void
clear_box (gpointer box)
{
  g_array_unref (((RexnetBox *) box)->rows);
}

GArray *
rexnet_boxes_collect (GstBuffer * buffer, guint frame_width,
    guint frame_height, guint max_labels, gboolean analytics)
{
  GArray *boxes = g_array_new (FALSE, FALSE, sizeof (RexnetBox));
  RexnetBox box = {
    .area = { 0, 0, frame_width, frame_height },
    .rows = collect_rows (buffer, REXNET_REGION_FRAME, max_labels),
  };
  GstVideoRegionOfInterestMeta *roi;
  gpointer state = NULL;

  g_array_set_clear_func (boxes, clear_box);
#ifdef HAVE_ANALYTICS
  if (analytics && count_results (buffer, REXNET_REGION_FRAME) == 0)
    append_analytics (buffer, box.rows, max_labels);
#endif
  g_array_append_val (boxes, box);
  while ((roi = (GstVideoRegionOfInterestMeta *)
          gst_buffer_iterate_meta_filtered (buffer, &state,
              GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))) {
    box.area = (GstVideoRectangle) { roi->x, roi->y, roi->w, roi->h };
    box.rows = collect_rows (buffer, roi->id, max_labels);
    g_array_append_val (boxes, box);
  }
  return boxes;
}

void
rexnet_boxes_describe (const GArray * boxes, GString * text)
{
  for (guint i = 0; i < boxes->len; i++) {
    const RexnetBox *box = &g_array_index (boxes, RexnetBox, i);

    if (box->rows->len == 0)
      continue;
    g_string_append_printf (text, "%d %d %d %d\n", box->area.x, box->area.y,
        box->area.w, box->area.h);
    for (guint j = 0; j < box->rows->len; j++) {
      const RexnetRow *row = &g_array_index (box->rows, RexnetRow, j);

      g_string_append_printf (text, "%s\n%d\n", row->text,
          row->score < 0 ? -1 : (int) (row->score * 100 + 0.5));
    }
  }
}
