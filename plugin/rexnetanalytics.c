/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetanalytics.h"

#include <gst/analytics/analytics.h>

#if GST_CHECK_VERSION (1, 26, 0)
/* A buffer has one GstTensorMeta at most in 1.26, and gst_tensor_meta_set()
 * frees what others left there. */
static void
add_tensor (GstBuffer * buffer, GBytes * features)
{
  gsize dims[] = { 1, g_bytes_get_size (features) / sizeof (float) };
  GstTensorMeta *meta = gst_buffer_get_tensor_meta (buffer);
  gsize n = meta ? meta->num_tensors : 0;
  GstTensor **tensors = g_new (GstTensor *, n + 1);

  for (gsize i = 0; i < n; i++)
    tensors[i] = gst_tensor_copy (gst_tensor_meta_get (meta, i));
  tensors[n] = gst_tensor_new_simple (g_quark_from_static_string
      (REXNET_TENSOR_ID), GST_TENSOR_DATA_TYPE_FLOAT32,
      gst_buffer_new_wrapped_bytes (features), GST_TENSOR_DIM_ORDER_ROW_MAJOR,
      G_N_ELEMENTS (dims), dims);
  if (!meta)
    meta = gst_buffer_add_tensor_meta (buffer);
  gst_tensor_meta_set (meta, n + 1, tensors);
}
#endif

void
rexnet_analytics_add (GstBuffer * buffer, const GstStructure * structure,
    guint n)
{
  RexnetResult result;
  GstAnalyticsRelationMeta *meta;
  GstAnalyticsClsMtd mtd;

  rexnet_result_from_structure (&result, structure);
#if GST_CHECK_VERSION (1, 26, 0)
  if (n > 0 && result.features)
    add_tensor (buffer, result.features);
#endif
  n = MIN (n, result.n);
  if (n == 0)
    return;

  g_autofree gfloat *scores = g_new (gfloat, n);
  g_autofree GQuark *names = g_new (GQuark, n);
  for (guint i = 0; i < n; i++) {
    RexnetLabel label = rexnet_result_get (&result, i);

    scores[i] = label.score;
    names[i] = g_quark_from_string (label.label);
  }
  meta = gst_buffer_get_analytics_relation_meta (buffer);
  if (!meta)
    meta = gst_buffer_add_analytics_relation_meta (buffer);
  gst_analytics_relation_meta_add_cls_mtd (meta, n, scores, names, &mtd);
}

/* Inserts @label in @labels, sorted from @first to @n. */
static void
insert (RexnetLabel * labels, guint first, guint n, RexnetLabel label)
{
  guint i = n;

  for (; i > first && labels[i - 1].score < label.score; i--)
    labels[i] = labels[i - 1];
  labels[i] = label;
}

guint
rexnet_analytics_read (GstBuffer * buffer, RexnetLabel * labels, guint max)
{
  GstAnalyticsRelationMeta *meta =
      gst_buffer_get_analytics_relation_meta (buffer);
  GstAnalyticsMtd mtd;
  gpointer state = NULL;
  guint n = 0;

  while (meta && gst_analytics_relation_meta_iterate (meta, &state,
          gst_analytics_cls_mtd_get_mtd_type (), &mtd)) {
    guint first = n;
    gsize length = gst_analytics_cls_mtd_get_length (&mtd);

    for (gsize i = 0; i < length && n < max; i++) {
      GQuark name = gst_analytics_cls_mtd_get_quark (&mtd, i);

      if (!name)
        continue;
      insert (labels, first, n++, (RexnetLabel) {
            i, g_quark_to_string (name),
            gst_analytics_cls_mtd_get_level (&mtd, i)});
    }
  }
  return n;
}
