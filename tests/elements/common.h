/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the element tests share. */
#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#define FRAME (GST_SECOND / 25)

/* Of the source tree. (transfer full) */
char *source_path (const char *relative);

/* The default model as a file. (transfer full) */
char *model_path (void);

/* A new folder under the system's temporary one. (transfer full) */
char *make_folder (void);
/* Removes it with the files in it, and frees @path. */
void remove_folder (char *path);

/* A harness around @launch, playing, with raw video of @format. */
GstHarness *video_harness (const char *launch, const char *format, int width,
    int height);
void set_video_caps (GstHarness * h, const char *format, int width, int height);
char *video_caps (const char *format, int width, int height);

/* Frame @n at 25 a second, of @size bytes that differ from each other. */
GstBuffer *make_frame (gsize size, guint n);

/* The size of a frame with GStreamer's own strides. */
gsize frame_size (const char *format, int width, int height);

/* A picture with dark trousers on light ground, as any format. (transfer full) */
GstBuffer *make_picture (GstVideoInfo * info);

/* ---- reading the meta, independently of the plugin's own reader ---- */

/* The @n th RexnetClassification on @buffer, or NULL. */
const GstStructure *result (GstBuffer * buffer, guint n);
guint n_results (GstBuffer * buffer);
guint n_labels (const GstStructure * result);
const char *label (const GstStructure * result, guint i);
double score (const GstStructure * result, guint i);
guint64 age (const GstStructure * result);
/* The feature vector, or NULL. @n: its length */
const float *features (const GstStructure * result, gsize * n);

/* @field of the stats of rexnetclassify in @h. */
guint64 statistic (GstHarness * h, const char *field);

/* Runs @element to PAUSED, which must fail. Returns: (transfer full): the
 * error on its bus */
GError *start_error (GstElement * element);
