/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What rexnet_engine_classify_full() says, whichever way images go. */
#include <rexnet/rexnet.h>
#include <string.h>

#define WIDTH 1280
#define HEIGHT 720
#define BATCH 3

typedef struct
{
  RexnetScheduling scheduling;
  guint threads;
  gboolean mixed;               /* images of two sizes, not prepared at once */
} Way;

static const Way ways[] = {
  {REXNET_SCHEDULING_LATENCY, 1, FALSE},
  {REXNET_SCHEDULING_LATENCY, 2, FALSE},
  {REXNET_SCHEDULING_LATENCY, 2, TRUE},
  {REXNET_SCHEDULING_THROUGHPUT, 2, FALSE},
  {REXNET_SCHEDULING_THROUGHPUT, 2, TRUE},
};

static RexnetEngine *
open_engine (const Way * way)
{
  const RexnetEngineOptions options = {
    .device = "cpu",.threads = way->threads,.scheduling = way->scheduling,
    .batch = BATCH
  };
  g_autoptr (GError) error = NULL;
  RexnetModel *model = rexnet_model_load_default (&error);
  RexnetEngine *engine;

  g_assert_no_error (error);
  engine = rexnet_engine_new (model, &options, &error);
  g_assert_no_error (error);
  rexnet_model_unref (model);
  return engine;
}

static void
test_answer (gconstpointer data)
{
  const Way *way = data;
  RexnetEngine *engine = open_engine (way);
  const RexnetModelInfo *model =
      rexnet_model_get_info (rexnet_engine_get_model (engine));
  const guint n = BATCH * model->classes, m = BATCH * model->features;
  g_autofree float *scores = g_new0 (float, n), *expected = g_new0 (float, n);
  g_autofree float *features = g_new0 (float, m), *wanted = g_new0 (float, m);
  g_autofree guint8 *picture = g_malloc (WIDTH * HEIGHT);
  RexnetAnswer answer = {.scores = scores,.features = features };
  g_autoptr (GError) error = NULL;
  RexnetImage images[BATCH];

  for (gsize i = 0; i < WIDTH * HEIGHT; i++)
    picture[i] = i * 2654435761u >> 24;
  for (guint i = 0; i < BATCH; i++)
    images[i] = (RexnetImage) {
      .format = REXNET_FORMAT_GRAY8,.width = WIDTH - (way->mixed ? i : 0),
      .height = HEIGHT,.plane = {picture},.stride = {WIDTH},
    };
  rexnet_engine_classify_features (engine, images, BATCH, expected, wanted,
      &error);
  g_assert_no_error (error);
  rexnet_engine_classify_full (engine, images, BATCH, &answer, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (scores, n * sizeof *scores, expected, n * sizeof *scores);
  g_assert_cmpmem (features, m * sizeof *features, wanted,
      m * sizeof *features);
  g_assert_true (answer.info == rexnet_engine_get_info (engine));
  g_assert_true (answer.info->on_cpu);
  g_assert_cmpuint (answer.preprocess_us, >, 0);
  rexnet_engine_free (engine);
}

static void
test_errors (void)
{
  RexnetEngine *engine = open_engine (&ways[0]);
  const RexnetImage image = {.format = REXNET_FORMAT_GRAY8 };
  float scores[1000];
  RexnetAnswer answer = {.scores = scores };
  g_autoptr (GError) error = NULL;

  g_assert_false (rexnet_engine_classify_full (engine, &image, 0, &answer,
          &error));
  g_assert_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (rexnet_engine_classify_full (engine, &image, 1, &answer,
          &error));
  g_assert_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT);
  rexnet_engine_free (engine);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++) {
    g_autofree char *path = g_strdup_printf ("/answer/%s-%u%s",
        ways[i].scheduling ? "throughput" : "latency", ways[i].threads,
        ways[i].mixed ? "-mixed" : "");

    g_test_add_data_func (path, &ways[i], test_answer);
  }
  g_test_add_func ("/answer/errors", test_errors);
  return g_test_run ();
}
