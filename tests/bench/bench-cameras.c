/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many cameras one process classifies: live pipelines of 1280 x 720 NV12 at
 * 25 frames a second, which share an engine.
 *
 * usage: bench-cameras [WIDTH [SECONDS [CAMERAS...]]]       (1.0 3 1 4 8)
 */
#include <gst/gst.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "model.h"

#define RATE 25

typedef struct
{
  GstElement *pipeline, *classifier;
} Camera;

typedef struct
{
  guint64 frames, inferred;     /* since the cameras started */
  double p95, latency;          /* ms, of the worst */
} Seen;

static void
fail (const char *what, const GError * error)
{
  fprintf (stderr, "%s: %s\n", what, error ? error->message : "failed");
  exit (1);
}

static Camera
start_camera (const char *model, const char *scheduling)
{
  g_autofree char *launch =
      g_strdup_printf ("videotestsrc is-live=true pattern=ball ! "
      "video/x-raw,format=NV12,width=1280,height=720,framerate=%d/1 ! "
      "rexnetclassify name=c device=cpu model=%s scheduling=%s ! queue ! "
      "fakesink sync=true", RATE, model, scheduling);
  g_autoptr (GError) error = NULL;
  Camera camera = { gst_parse_launch (launch, &error) };

  if (error)
    fail (launch, error);
  camera.classifier = gst_bin_get_by_name (GST_BIN (camera.pipeline), "c");
  if (gst_element_set_state (camera.pipeline, GST_STATE_PLAYING)
      == GST_STATE_CHANGE_FAILURE)
    fail (launch, NULL);
  return camera;
}

static void
stop_camera (Camera * camera)
{
  gst_element_set_state (camera->pipeline, GST_STATE_NULL);
  gst_object_unref (camera->classifier);
  gst_object_unref (camera->pipeline);
}

static void
look (const Camera * camera, Seen * seen)
{
  GstStructure *stats;
  guint64 frames, inferred, latency;
  double p95;

  g_object_get (camera->classifier, "stats", &stats, NULL);
  if (!gst_structure_get (stats, "frames", G_TYPE_UINT64, &frames,
          "inferred", G_TYPE_UINT64, &inferred, "p95-ms", G_TYPE_DOUBLE, &p95,
          "latency", G_TYPE_UINT64, &latency, NULL))
    fail ("stats", NULL);
  gst_structure_free (stats);
  seen->frames += frames;
  seen->inferred += inferred;
  seen->p95 = MAX (seen->p95, p95);
  seen->latency = MAX (seen->latency, latency / 1e6);
}

static double
cpu_seconds (void)
{
  struct rusage u;

  getrusage (RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec
      + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
measure (const char *model, const char *scheduling, guint n, double seconds)
{
  g_autofree Camera *cameras = g_new (Camera, n);
  Seen before = { 0 }, after = { 0 };
  double cpu, time;

  for (guint i = 0; i < n; i++)
    cameras[i] = start_camera (model, scheduling);
  g_usleep (G_USEC_PER_SEC);
  for (guint i = 0; i < n; i++)
    look (&cameras[i], &before);
  cpu = cpu_seconds ();
  time = g_get_monotonic_time () / 1e6;
  g_usleep (seconds * G_USEC_PER_SEC);
  cpu = cpu_seconds () - cpu;
  time = g_get_monotonic_time () / 1e6 - time;
  for (guint i = 0; i < n; i++)
    look (&cameras[i], &after);
  printf ("%-10s %7u %8.1f %10.1f %6.2f %8.1f %11.1f\n", scheduling, n,
      (after.frames - before.frames) / time,
      (after.inferred - before.inferred) / time, cpu / time, after.p95,
      after.latency);
  fflush (stdout);
  for (guint i = 0; i < n; i++)
    stop_camera (&cameras[i]);
}

int
main (int argc, char **argv)
{
  static const char *const scheduling[] = { "latency", "throughput" };
  static const guint usual[] = { 1, 4, 8 };
  double width = argc > 1 ? g_ascii_strtod (argv[1], NULL) : 1;
  double seconds = argc > 2 ? g_ascii_strtod (argv[2], NULL) : 3;
  guint n = argc > 3 ? (guint) argc - 3 : G_N_ELEMENTS (usual);
  g_autofree char *model = NULL;

  gst_init (NULL, NULL);
  rexnet_model_unref (make_model (width, &model));
  printf ("%-10s %7s %8s %10s %6s %8s %11s\n", "scheduling", "cameras",
      "frames/s", "inferred/s", "cores", "p95, ms", "latency, ms");
  for (guint s = 0; s < G_N_ELEMENTS (scheduling); s++)
    for (guint i = 0; i < n; i++)
      measure (model, scheduling[s],
          argc > 3 ? (guint) atoi (argv[3 + i]) : usual[i], seconds);
  return 0;
}
