/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many of the engine's own frames a second a pipeline reaches:
 * videotestsrc pattern=black ! rexnetclassify ! fakesink on 1920 x 1080 NV12 against
 * rexnet_engine_run() and rexnet_engine_classify() of one picture, in
 * alternation in one run; medians over the rounds.
 *
 * usage: bench-pipeline [WIDTH [THREADS [ROUNDS]]]
 */
#include <gst/gst.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "model.h"

#define WIDTH 1920
#define HEIGHT 1080
#define MS_A_TURN 500

typedef struct
{
  char *path;                   /* of the model */
  guint threads;
  RexnetEngine *engine;
  guint8 *picture;              /* NV12 */
  float *input, *scores;
} Bench;

static double
now_ms (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void
fail (const char *what, const GError * error)
{
  fprintf (stderr, "%s: %s\n", what, error ? error->message : "failed");
  exit (1);
}

static void
open_bench (Bench * self, double width)
{
  RexnetEngineOptions options = {.device = "cpu",.threads = self->threads };
  g_autoptr (GError) error = NULL;
  RexnetModel *model = make_model (width, &self->path);
  const RexnetInput *in;

  if (!(self->engine = rexnet_engine_new (model, &options, &error)))
    fail ("engine", error);
  rexnet_model_unref (model);
  in = &rexnet_engine_get_info (self->engine)->input;
  self->picture = g_malloc (WIDTH * HEIGHT * 3 / 2);
  for (gsize i = 0; i < WIDTH * HEIGHT * 3 / 2; i++)
    self->picture[i] = i * 2654435761u >> 24;
  self->input = g_new (float, 3 * in->width * in->height);
  rexnet_generate_input (0, in->width, in->height, self->input);
  self->scores = g_new (float, 1000);
}

static void
close_bench (Bench * self)
{
  rexnet_engine_free (self->engine);
  g_free (self->path);
  g_free (self->picture);
  g_free (self->input);
  g_free (self->scores);
}

/* ---- what is timed: each returns the mean, in ms, from frame to frame ----- */

#define WARM_UP_FRAMES 20

typedef struct
{
  guint n;
  double first, last;           /* when the warm-up ended, and now */
} Frames;

static void
end_frame (Frames * self)
{
  self->last = now_ms ();
  if (++self->n == WARM_UP_FRAMES)
    self->first = self->last;
}

static double
mean_frame (const Frames * self)
{
  if (self->n <= WARM_UP_FRAMES)
    fail ("too few frames in a turn", NULL);
  return (self->last - self->first) / (self->n - WARM_UP_FRAMES);
}

static double
time_run (Bench * self, Frames * frames)
{
  double start = now_ms ();

  while (now_ms () - start < MS_A_TURN) {
    rexnet_engine_run (self->engine, self->input, 1, self->scores, NULL);
    end_frame (frames);
  }
  return mean_frame (frames);
}

static double
time_classify (Bench * self, Frames * frames)
{
  RexnetImage image = {
    .format = REXNET_FORMAT_NV12,.width = WIDTH,.height = HEIGHT,
    .matrix = REXNET_MATRIX_BT709,
    .plane = {self->picture, self->picture + WIDTH * HEIGHT},
    .stride = {WIDTH, WIDTH}
  };
  double start = now_ms ();

  while (now_ms () - start < MS_A_TURN) {
    rexnet_engine_classify (self->engine, &image, 1, self->scores, NULL);
    end_frame (frames);
  }
  return mean_frame (frames);
}

static void
handle (GstElement * sink, GstBuffer * buffer, GstPad * pad, gpointer data)
{
  end_frame (data);
}

/* @description: between source and sink */
static double
time_pipeline (const char *description, Frames * frames)
{
  g_autofree char *all = g_strdup_printf ("videotestsrc pattern=black ! "
      "video/x-raw,format=NV12,width=%d,height=%d ! %s"
      "fakesink name=sink signal-handoffs=true", WIDTH, HEIGHT, description);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (all, &error);
  GstElement *sink;
  GstMessage *message;

  if (!pipeline)
    fail (all, error);
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_signal_connect (sink, "handoff", G_CALLBACK (handle), frames);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  gst_element_get_state (pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);
  message = gst_bus_timed_pop_filtered (GST_ELEMENT_BUS (pipeline),
      MS_A_TURN * GST_MSECOND, GST_MESSAGE_ERROR);
  if (message) {
    gst_message_parse_error (message, &error, NULL);
    fail (all, error);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (sink);
  gst_object_unref (pipeline);
  return mean_frame (frames);
}

static const struct
{
  const char *name;
  const char *properties;       /* of the element */
} what[] = {
  {"engine, run"}, {"engine, classify"}, {"pipeline", ""},
  {"its throughput", "scheduling=throughput"}, {"the source alone"}
};

static double
time_one (Bench * bench, guint i)
{
  Frames frames = { 0 };
  g_autofree char *element = NULL;

  if (i == 0)
    return time_run (bench, &frames);
  if (i == 1)
    return time_classify (bench, &frames);
  if (!what[i].properties)
    return time_pipeline ("", &frames);
  element = g_strdup_printf ("rexnetclassify device=cpu threads=%u model=%s "
      "%s ! ", bench->threads, bench->path, what[i].properties);
  return time_pipeline (element, &frames);
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
median (double *values, guint n)
{
  qsort (values, n, sizeof *values, compare);
  return values[n / 2];
}

int
main (int argc, char **argv)
{
  const guint n = G_N_ELEMENTS (what);
  Bench bench = {.threads = argc > 2 ? atoi (argv[2]) : 0 };
  guint rounds = argc > 3 ? MAX (atoi (argv[3]), 1) : 7;
  g_autofree double *ms = g_new (double, n * rounds);

  gst_init (NULL, NULL);
  open_bench (&bench, argc > 1 ? g_ascii_strtod (argv[1], NULL) : 1.0);
  for (guint i = 0; i < rounds; i++)
    for (guint j = 0; j < n; j++)
      ms[j * rounds + i] = time_one (&bench, j);
  for (guint j = 0; j < n; j++) {
    double frame = median (ms + j * rounds, rounds);

    printf ("%-18s %7.3f ms a frame, %7.1f frames/s, %5.1f %% of the engine's\n",
        what[j].name, frame, 1e3 / frame, 100 * median (ms, rounds) / frame);
  }
  close_bench (&bench);
  return 0;
}
