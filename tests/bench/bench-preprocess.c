/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Times the way of a picture into the network's input (224 x 224, crop_pct
 * 0.875, bicubic, one thread) with each table of kernels, and GStreamer's
 * GstVideoConverter on the same crop to 8-bit RGB, in alternation. Warm: the
 * second call of two on one picture; cold: as many pictures in turn as no cache
 * holds.
 *
 * usage: bench-preprocess [ROUNDS]
 */
#include <stdio.h>
#include <stdlib.h>

#include "image/layout.h"
#include "image/preprocess.h"
#include "image/resample.h"
#include "picture.h"

#ifdef HAVE_GST_VIDEO
#include <gst/video/video.h>
#endif

typedef struct
{
  RexnetFormat format;
  guint width, height;
} Case;

static const Case cases[] = {
  {REXNET_FORMAT_NV12, 1920, 1080},
  {REXNET_FORMAT_I420, 1920, 1080},
  {REXNET_FORMAT_YUY2, 1920, 1080},
  {REXNET_FORMAT_RGB, 1920, 1080},
  {REXNET_FORMAT_BGRX, 1920, 1080},
  {REXNET_FORMAT_NV12, 3840, 2160},
  {REXNET_FORMAT_RGB, 3840, 2160},
  {REXNET_FORMAT_NV12, 640, 480},
  {REXNET_FORMAT_RGB, 640, 480},
  {REXNET_FORMAT_RGB, 1080, 2340},
};

static const RexnetInput input = {
  224, 224, REXNET_INTERPOLATION_BICUBIC, 0.875,
  {0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}
};

#define MAX_LEVELS 8
#define COLD_BYTES (128u << 20)

/* Copies of one picture, to be taken in turn. */
typedef struct
{
  TestPicture *picture;
  guint n;
} Pictures;

static void
pictures_init (Pictures * self, const Case * c, gboolean cold)
{
  TestPicture first;

  test_picture_init (&first, c->format, c->width, c->height);
  self->n = cold ? (guint) (COLD_BYTES / first.size + 1) : 1;
  self->picture = g_new (TestPicture, self->n);
  self->picture[0] = first;
  for (guint i = 1; i < self->n; i++) {
    TestPicture *copy = &self->picture[i];

    *copy = first;
    copy->data = g_memdup2 (first.data, first.size);
    for (guint p = 0; p < G_N_ELEMENTS (copy->image.plane); p++)
      if (first.image.plane[p])
        copy->image.plane[p] = copy->data + (first.image.plane[p] - first.data);
  }
}

static void
pictures_clear (Pictures * self)
{
  for (guint i = 0; i < self->n; i++)
    test_picture_clear (&self->picture[i]);
  g_free (self->picture);
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
median (double *ms, guint n)
{
  qsort (ms, n, sizeof *ms, compare);
  return ms[n / 2];
}

#ifdef HAVE_GST_VIDEO
typedef struct
{
  GstVideoInfo in_info, out_info;
  GstVideoConverter *convert;
  GstBuffer **in, *out;         /* in: one of each picture */
} Gst;

/* The centre square, which the network sees seven eighths of. */
static GstStructure *
gst_options (const Case * c)
{
  int shorter = (int) MIN (c->width, c->height), side = shorter * 7 / 8;

  return gst_structure_new ("options",
      GST_VIDEO_CONVERTER_OPT_SRC_X, G_TYPE_INT, ((int) c->width - side) / 2,
      GST_VIDEO_CONVERTER_OPT_SRC_Y, G_TYPE_INT, ((int) c->height - side) / 2,
      GST_VIDEO_CONVERTER_OPT_SRC_WIDTH, G_TYPE_INT, side,
      GST_VIDEO_CONVERTER_OPT_SRC_HEIGHT, G_TYPE_INT, side,
      GST_VIDEO_CONVERTER_OPT_THREADS, G_TYPE_UINT, 1,
      GST_VIDEO_CONVERTER_OPT_RESAMPLER_METHOD,
      GST_TYPE_VIDEO_RESAMPLER_METHOD, GST_VIDEO_RESAMPLER_METHOD_CUBIC, NULL);
}

static void
gst_open (Gst * g, const Case * c, const Pictures * pictures)
{
  const char *name = rexnet_layout_get (c->format)->name;

  gst_video_info_set_format (&g->in_info,
      gst_video_format_from_string (name), c->width, c->height);
  gst_video_info_set_format (&g->out_info, GST_VIDEO_FORMAT_RGB, input.width,
      input.height);
  g->convert = gst_video_converter_new (&g->in_info, &g->out_info,
      gst_options (c));
  g->out = gst_buffer_new_allocate (NULL, g->out_info.size, NULL);
  g->in = g_new (GstBuffer *, pictures->n);
  for (guint i = 0; i < pictures->n; i++) {
    const TestPicture *picture = &pictures->picture[i];

    g->in[i] = gst_buffer_new_allocate (NULL, g->in_info.size, NULL);
    gst_buffer_fill (g->in[i], 0, picture->data,
        MIN (picture->size, g->in_info.size));
  }
}

static double
gst_run (Gst * g, guint picture)
{
  gint64 start = g_get_monotonic_time ();
  GstVideoFrame in, out;

  gst_video_frame_map (&in, &g->in_info, g->in[picture], GST_MAP_READ);
  gst_video_frame_map (&out, &g->out_info, g->out, GST_MAP_WRITE);
  gst_video_converter_frame (g->convert, &in, &out);
  gst_video_frame_unmap (&in);
  gst_video_frame_unmap (&out);
  return (double) (g_get_monotonic_time () - start) / 1000.0;
}

static void
gst_close (Gst * g, const Pictures * pictures)
{
  gst_video_converter_free (g->convert);
  for (guint i = 0; i < pictures->n; i++)
    gst_buffer_unref (g->in[i]);
  g_free (g->in);
  gst_buffer_unref (g->out);
}
#endif

static double
time_level (RexnetPreprocessor * p, const RexnetImage * image, float *output)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;

  if (!rexnet_preprocessor_run (p, image, output, &error))
    g_error ("%s", error->message);
  return (double) (g_get_monotonic_time () - start) / 1000.0;
}

/* A line of the table; sorts the @ms of each column. */
static void
print_line (const Case * c, gboolean cold, double *ms, guint columns,
    guint rounds)
{
  printf ("%-5s %4u x %4u %s", rexnet_layout_get (c->format)->name, c->width,
      c->height, cold ? "cold" : "warm");
  for (guint l = 0; l < columns; l++) {
    double middle = median (ms + l * rounds, rounds);

    printf ("  %6.3f (%6.3f)", middle, ms[l * rounds]);
  }
}

static void
bench (const Case * c, gboolean cold, guint levels, guint rounds)
{
  g_autofree float *output = g_new (float, 3 * input.width * input.height);
  g_autofree double *ms = g_new (double, (levels + 1) * rounds);
  RexnetPreprocessor *p[MAX_LEVELS];
  Pictures pictures;

  pictures_init (&pictures, c, cold);
  for (guint l = 0; l < levels; l++) {
    p[l] = rexnet_preprocessor_new_with (&input, rexnet_resample_get (l), 1);
    time_level (p[l], &pictures.picture[0].image, output);
  }
#ifdef HAVE_GST_VIDEO
  Gst g;
  gst_open (&g, c, &pictures);
  gst_run (&g, 0);
#endif
  for (guint i = 0; i < rounds * (levels + 1); i++) {
    guint r = i / (levels + 1), l = i % (levels + 1), k = i % pictures.n;

    for (guint call = cold; call < 2; call++)
      if (l < levels)
        ms[l * rounds + r] = time_level (p[l], &pictures.picture[k].image,
            output);
#ifdef HAVE_GST_VIDEO
      else
        ms[l * rounds + r] = gst_run (&g, k);
#endif
  }

#ifdef HAVE_GST_VIDEO
  print_line (c, cold, ms, levels + 1, rounds);
  printf (" %6.1f", ms[levels * rounds + rounds / 2] / ms[rounds / 2]);
  gst_close (&g, &pictures);
#else
  print_line (c, cold, ms, levels, rounds);
#endif
  printf ("\n");
  for (guint l = 0; l < levels; l++)
    rexnet_preprocessor_free (p[l]);
  pictures_clear (&pictures);
}

int
main (int argc, char **argv)
{
  guint levels = 0, rounds = argc > 1 ? (guint) atoi (argv[1]) : 101;

  if (rounds < 1 || rounds > 100000)
    g_error ("rounds must be between 1 and 100000");
  while (levels < MAX_LEVELS && rexnet_resample_get (levels))
    levels++;
#ifdef HAVE_GST_VIDEO
  gst_init (NULL, NULL);
#endif
  printf ("ms for one picture: median (min) of %u\n%-22s", rounds, "");
  for (guint l = 0; l < levels; l++)
    printf ("  %-15s", rexnet_resample_get (l)->name);
#ifdef HAVE_GST_VIDEO
  printf ("  %-15s  ratio", "GStreamer");
#endif
  printf ("\n");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint cold = 0; cold < 2; cold++)
      bench (&cases[i], cold, levels, rounds);
  return 0;
}
