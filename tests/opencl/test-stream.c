/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pictures on their way to a device: by either kind of memory they arrive
 * intact, and one arrives while the network is busy with another.
 */
#include <gmodule.h>
#include <string.h>

#include "model/model.h"
#include "picture.h"
#include "session.h"

#define CLASSES 10
#define PIXELS 64
#define N 3
#define TOLERANCE 1e-6f         /* of a probability: the same device twice */

static RexnetModel *model;

static RexnetSession *
open_session (const RexnetClDevice * device, guint batch)
{
  RexnetEngineOptions options = {.device = device->info.device,.batch = batch };
  RexnetInput input = rexnet_model_get_info (model)->input;
  g_autoptr (GError) error = NULL;
  RexnetSession *session;

  input.width = input.height = PIXELS;
  session = rexnet_cl_session_open (rexnet_model_get_network (model), &input,
      &options, NULL, &error);
  g_assert_no_error (error);
  return session;
}

static void
classify (RexnetSession * session, const RexnetImage * images, guint batch,
    float *scores)
{
  RexnetOutput output = {.scores = scores };
  g_autoptr (GError) error = NULL;

  rexnet_backend_opencl.classify (session, images, batch, &output, &error);
  g_assert_no_error (error);
}

static void
assert_same (const float *got, const float *expected, guint n)
{
  for (guint i = 0; i < n; i++)
    g_assert_cmpfloat_with_epsilon (got[i], expected[i], TOLERANCE);
}

/* ---- memory -------------------------------------------------------------- */

/* Sizes grow and shrink; a batch takes more pieces than there are. */
static void
test_memory_on (RexnetClDevice * device)
{
  const gboolean unified = device->unified;
  TestPicture picture[N];
  RexnetImage images[N];
  float scores[2][2][N * CLASSES];

  for (guint i = 0; i < N; i++) {
    test_picture_init (&picture[i], i == 1 ? REXNET_FORMAT_BGRX
        : REXNET_FORMAT_NV12, 60 + 40 * i, 70);
    images[i] = picture[i].image;
  }
  images[1].plane[0] += 69 * images[1].stride[0];
  images[1].stride[0] = -images[1].stride[0];
  for (guint way = 0; way < 2; way++) {
    RexnetSession *session;

    device->unified = way;
    session = open_session (device, N);
    for (guint run = 0; run < 2; run++)
      classify (session, images, N, scores[way][run]);
    rexnet_backend_opencl.close (session);
  }
  device->unified = unified;
  assert_same (scores[0][1], scores[0][0], N * CLASSES);
  assert_same (scores[1][0], scores[0][0], N * CLASSES);
  assert_same (scores[1][1], scores[0][0], N * CLASSES);
  g_assert_true (memcmp (scores[0][0], scores[0][0] + CLASSES,
          CLASSES * sizeof (float)) != 0);
  for (guint i = 0; i < N; i++)
    test_picture_clear (&picture[i]);
}

/* ---- two frames ---------------------------------------------------------- */

/* Commands of a queue behind it wait until it is opened. */
typedef struct
{
  __typeof__ (&clCreateUserEvent) create;
  __typeof__ (&clSetUserEventStatus) set;
  cl_event event;
} Gate;

static void
close_gate (Gate * gate, cl_context context, cl_command_queue queue)
{
  GModule *library = g_module_open ("libOpenCL.so.1", G_MODULE_BIND_LOCAL);
  cl_int status;

  g_assert_nonnull (library);
  g_assert_true (g_module_symbol (library, "clCreateUserEvent",
          (gpointer *) & gate->create));
  g_assert_true (g_module_symbol (library, "clSetUserEventStatus",
          (gpointer *) & gate->set));
  gate->event = gate->create (context, &status);
  g_assert_cmpint (status, ==, CL_SUCCESS);
  g_assert_cmpint (cl.clEnqueueMarkerWithWaitList (queue, 1, &gate->event,
          NULL), ==, CL_SUCCESS);
  g_module_close (library);
}

static void
open_gate (Gate * gate)
{
  g_assert_cmpint (gate->set (gate->event, CL_COMPLETE), ==, CL_SUCCESS);
  cl.clReleaseEvent (gate->event);
}

typedef struct
{
  RexnetSession *session;
  const RexnetImage *image;
  float scores[CLASSES];
  int done;
} Caller;

static gpointer
call (gpointer data)
{
  Caller *caller = data;

  classify (caller->session, caller->image, 1, caller->scores);
  g_atomic_int_set (&caller->done, TRUE);
  return NULL;
}

/* Until @slot's input, zero at first, holds a picture. */
static void
wait_for_picture (RexnetClSession * session, RexnetClSlot * slot)
{
  const RexnetClPorts *p = &session->ports;
  const gsize last = ((gsize) PIXELS * p->pitch + PIXELS) * sizeof (float);
  float value = 0.f;

  while (value == 0.f) {
    g_assert_cmpint (cl.clEnqueueReadBuffer (slot->queue, slot->input, CL_TRUE,
            last, sizeof value, &value, 0, NULL, NULL), ==, CL_SUCCESS);
    g_usleep (1000);
  }
}

static void
clear_inputs (RexnetClSession * session)
{
  const RexnetClPorts *p = &session->ports;
  const float zero = 0.f;

  for (guint i = 0; i < REXNET_CL_SLOTS; i++)
    g_assert_cmpint (cl.clEnqueueFillBuffer (session->slot[i].queue,
            session->slot[i].input, &zero, sizeof zero, 0,
            (gsize) 3 * p->rows * p->pitch * sizeof zero, 0, NULL, NULL), ==,
        CL_SUCCESS);
}

/* While the network is held at the first frame, the second one's picture is
 * uploaded, resized and converted. */
static void
test_overlap_on (RexnetClDevice * device)
{
  RexnetSession *session = open_session (device, 1);
  RexnetClSession *self = (RexnetClSession *) session;
  TestPicture picture[REXNET_CL_SLOTS];
  Caller caller[REXNET_CL_SLOTS];
  GThread *thread[REXNET_CL_SLOTS];
  float expected[REXNET_CL_SLOTS][CLASSES];
  Gate gate;

  for (guint i = 0; i < REXNET_CL_SLOTS; i++) {
    test_picture_init (&picture[i], REXNET_FORMAT_I420, 100 + 20 * i, 80);
    caller[i] = (Caller) { session, &picture[i].image };
    classify (session, &picture[i].image, 1, expected[i]);
  }
  clear_inputs (self);
  close_gate (&gate, self->graph.context, self->graph.queue);
  for (guint i = 0; i < REXNET_CL_SLOTS; i++) {
    thread[i] = g_thread_new ("classify", call, &caller[i]);
    wait_for_picture (self, &self->slot[i]);
  }
  for (guint i = 0; i < REXNET_CL_SLOTS; i++)
    g_assert_false (g_atomic_int_get (&caller[i].done));
  open_gate (&gate);
  for (guint i = 0; i < REXNET_CL_SLOTS; i++) {
    g_thread_join (thread[i]);
    assert_same (caller[i].scores, expected[i], CLASSES);
    test_picture_clear (&picture[i]);
  }
  rexnet_backend_opencl.close (session);
}

/* ---- all devices --------------------------------------------------------- */

typedef void (*DeviceFunc) (RexnetClDevice * device);

static void
test_devices (gconstpointer data)
{
  g_autoptr (GPtrArray) devices = rexnet_cl_devices ();
  DeviceFunc test = (DeviceFunc) data;

  if (devices->len == 0)
    g_test_skip ("no OpenCL device");
  for (guint i = 0; i < devices->len; i++)
    test (g_ptr_array_index (devices, i));
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  model = rexnet_model_generate (REXNET_VARIANT_REXNET, 0.5, CLASSES, NULL);
  g_test_add_data_func ("/stream/memory", (gconstpointer) test_memory_on,
      test_devices);
  g_test_add_data_func ("/stream/overlap", (gconstpointer) test_overlap_on,
      test_devices);
  status = g_test_run ();
  rexnet_model_unref (model);
  return status;
}
