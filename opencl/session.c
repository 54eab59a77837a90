/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "session.h"
#include "subgroups.h"

typedef RexnetClSession Session;
typedef RexnetClSlot Slot;

/* ---- opening ------------------------------------------------------------- */

static void
close_slot (Session * self, Slot * slot)
{
  rexnet_cl_command_buffer_clear (&slot->recorded, &self->graph);
  rexnet_cl_picture_clear (&slot->picture);
  if (slot->queue)
    cl.clReleaseCommandQueue (slot->queue);
  g_free (slot->staging);
}

static void
close_programs (Session * self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->programs); i++)
    rexnet_cl_program_close (&self->programs[i]);
}

static void
opencl_close (RexnetSession * session)
{
  Session *self = (Session *) session;
  RexnetClGraph *g = &self->graph;

  if (g->queue)
    cl.clFinish (g->queue);
  for (guint i = 0; i < REXNET_CL_SLOTS; i++)
    close_slot (self, &self->slot[i]);
  rexnet_cl_graph_clear (g);
  close_programs (self);
  if (g->queue)
    cl.clReleaseCommandQueue (g->queue);
  if (g->context)
    cl.clReleaseContext (g->context);
  g_mutex_clear (&self->lock);
  g_mutex_clear (&self->network);
  g_cond_clear (&self->freed);
  g_free (self);
}

static gboolean
open_context (RexnetClGraph * g, GError ** error)
{
  cl_context_properties properties[] = { CL_CONTEXT_PLATFORM,
    (cl_context_properties) g->device->platform, 0
  };
  cl_int status;

  g->context = cl.clCreateContext (properties, 1, &g->device->id, NULL, NULL,
      &status);
  if (!rexnet_cl_check (status, error, "open %s", g->device->info.name))
    return FALSE;
  g->queue = cl.clCreateCommandQueue (g->context, g->device->id, 0, &status);
  return rexnet_cl_check (status, error, "make a queue on %s",
      g->device->info.name);
}

static gboolean
open_programs (Session * self, const RexnetEngineOptions * options,
    GError ** error)
{
  RexnetClGraph *g = &self->graph;

  for (guint i = 0; i <= (g->half ? 1 : 0); i++) {
    g_autofree char *flags = rexnet_cl_tiles_to_options (&g->tiles, g->device,
        i);

    if (!rexnet_cl_program_open (&self->programs[i], g->device, g->context,
            flags, options->cache_dir, options->progress,
            options->progress_data, error))
      return FALSE;
    g->programs[i] = self->programs[i].program;
  }
  return TRUE;
}

/* Sub-groups are a gain only: what goes wrong with them, drivers' compilers
 * and sizes that are not what was expected, does so without them no more. */
static gboolean
open_fitting_programs (Session * self, const RexnetEngineOptions * options,
    GError ** error)
{
  RexnetClGraph *g = &self->graph;
  gboolean ok = open_programs (self, options, g->tiles.sg || g->tiles.sg_x
      ? NULL : error);

  if (ok && rexnet_cl_subgroups_fit (g))
    return TRUE;
  if (!g->tiles.sg && !g->tiles.sg_x)
    return FALSE;
  close_programs (self);
  g->tiles.sg = ok && g->tiles.sg;
  g->tiles.sg_x = 0;
  return open_fitting_programs (self, options, error);
}

static gboolean
open_slot (Session * self, guint index, const RexnetInput * input,
    GError ** error)
{
  RexnetClGraph *g = &self->graph;
  Slot *slot = &self->slot[index];
  cl_int status;

  slot->input = self->ports.input[index];
  slot->staging = g_new (float, (gsize) g->batch * self->ports.stride);
  slot->queue = cl.clCreateCommandQueue (g->context, g->device->id, 0, &status);
  if (!rexnet_cl_check (status, error, "make a queue on %s",
          g->device->info.name)
      || !rexnet_cl_picture_init (&slot->picture, g->device, input,
          g->context, g->programs[0], slot->queue, error))
    return FALSE;
  rexnet_cl_command_buffer_record (&slot->recorded, g, index,
      g->steps->len - 1, g->batch);
  return TRUE;
}

/* Launches everything once: drivers compile, page in and allocate late. */
static gboolean
warm_up (Session * self, GError ** error)
{
  RexnetClGraph *g = &self->graph;

  return rexnet_cl_graph_enqueue (g, g->queue, 0, 0, g->steps->len, 1, NULL,
      NULL, error) && rexnet_cl_check (cl.clFinish (g->queue), error,
      "run the network");
}

static gboolean
build (Session * self, const RexnetNetwork * net, const RexnetInput * input,
    const RexnetEngineOptions * options, GError ** error)
{
  RexnetClGraph *g = &self->graph;

  if (!rexnet_cl_tiles_fit (&g->tiles, g->device)) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_DEVICE,
        "%s is too small: groups of %u items, %" G_GUINT64_FORMAT
        " bytes of local memory", g->device->info.name,
        g->device->info.max_work_group, g->device->info.local_memory);
    return FALSE;
  }
  if (!open_context (g, error)
      || !open_fitting_programs (self, options, error))
    return FALSE;
  self->ports = rexnet_cl_network_build (g, net, input->width, input->height);
  if (g->error) {
    g_propagate_error (error, g_steal_pointer (&g->error));
    return FALSE;
  }
  for (guint i = 0; i < REXNET_CL_SLOTS; i++)
    if (!open_slot (self, i, input, error))
      return FALSE;
  return warm_up (self, error);
}

RexnetSession *
rexnet_cl_session_open (const RexnetNetwork * net, const RexnetInput * input,
    const RexnetEngineOptions * options, const RexnetClTiles * tiles,
    GError ** error)
{
  const RexnetClDevice *device = rexnet_cl_device_find (options->device, error);
  Session *self;

  if (!device)
    return NULL;
  self = g_new0 (Session, 1);
  self->parent.backend = &rexnet_backend_opencl;
  g_mutex_init (&self->lock);
  g_mutex_init (&self->network);
  g_cond_init (&self->freed);
  self->width = input->width;
  self->height = input->height;
  self->classes = rexnet_network_classes (net);
  self->features = rexnet_network_features (net);
  rexnet_cl_graph_init (&self->graph);
  self->graph.device = device;
  self->graph.tiles = tiles ? *tiles
      : rexnet_cl_tiles_load (device, options->cache_dir);
  self->graph.batch = options->batch;
  self->graph.half = options->precision == REXNET_PRECISION_F16;
  if (!build (self, net, input, options, error)) {
    opencl_close (&self->parent);
    return NULL;
  }
  if (options->progress && !self->programs[0].cached)
    options->progress ("OpenCL kernels compiled", 1., options->progress_data);
  for (guint i = 0; i < G_N_ELEMENTS (self->programs); i++)
    rexnet_cl_program_save (&self->programs[i]);
  return &self->parent;
}

static RexnetSession *
opencl_open (const RexnetNetwork * net, const RexnetInput * input,
    const RexnetEngineOptions * options, GError ** error)
{
  return rexnet_cl_session_open (net, input, options, NULL, error);
}

/* ---- frames -------------------------------------------------------------- */

static Slot *
take_slot (Session * self)
{
  Slot *slot = NULL;

  g_mutex_lock (&self->lock);
  while (!slot) {
    for (guint i = 0; i < REXNET_CL_SLOTS && !slot; i++)
      if (!self->slot[i].busy)
        slot = &self->slot[i];
    if (!slot)
      g_cond_wait (&self->freed, &self->lock);
  }
  slot->busy = TRUE;
  g_mutex_unlock (&self->lock);
  return slot;
}

static void
give_slot (Session * self, Slot * slot)
{
  g_mutex_lock (&self->lock);
  slot->busy = FALSE;
  g_cond_signal (&self->freed);
  g_mutex_unlock (&self->lock);
}

/* Brings the input to the device; @ready: when it has come. */
typedef gboolean (*UploadFunc) (Session * self, Slot * slot,
    gconstpointer input, guint batch, GError ** error);

static gboolean
upload_floats (Session * self, Slot * slot, gconstpointer input, guint batch,
    GError ** error)
{
  const RexnetClPorts *p = &self->ports;
  const gsize origin[3] = { sizeof (float), 1, 0 }, zero[3] = { 0, 0, 0 };
  const gsize region[3] = { self->width * sizeof (float), self->height,
    3 * batch
  };

  return rexnet_cl_check (cl.clEnqueueWriteBufferRect (slot->queue,
          slot->input, CL_FALSE, origin, zero, region,
          p->pitch * sizeof (float),
          (gsize) p->rows * p->pitch * sizeof (float), region[0],
          region[0] * region[1], input, 0, NULL, NULL), error,
      "upload the input");
}

static gboolean
upload_pictures (Session * self, Slot * slot, gconstpointer input, guint batch,
    GError ** error)
{
  const RexnetImage *images = input;

  for (guint i = 0; i < batch; i++)
    if (!rexnet_cl_picture_enqueue (&slot->picture, &images[i], &self->ports,
            slot->input, i, error))
      return FALSE;
  return TRUE;
}

/* Vectors lie further apart on the device than @features has them. */
static gboolean
enqueue_features (Session * self, guint batch, float *features,
    GError ** error)
{
  const gsize zero[3] = { 0, 0, 0 };
  const gsize region[3] = { self->features * sizeof (float), batch, 1 };

  return rexnet_cl_check (cl.clEnqueueReadBufferRect (self->graph.queue,
          self->ports.features, CL_FALSE, zero, zero, region,
          self->ports.features_stride * sizeof (float), 0, region[0], 0,
          features, 0, NULL, NULL), error, "read the features");
}

/* Enqueues the network behind @ready and the reading of its output.
 * @features: (nullable) */
static gboolean
enqueue_network (Session * self, Slot * slot, guint batch, gboolean softmax,
    float *features, cl_event ready, cl_event * done, GError ** error)
{
  RexnetClGraph *g = &self->graph;
  const guint last = g->steps->len - 1, index = slot - self->slot;

  if (slot->recorded.buffer && slot->recorded.batch == batch) {
    if (!rexnet_cl_check (rexnet_cl_command_buffer_enqueue (&slot->recorded, g,
                ready), error, "replay the network"))
      return FALSE;
  } else if (!rexnet_cl_graph_enqueue (g, g->queue, index, 0, last, batch,
          ready, NULL, error))
    return FALSE;
  return (!softmax || rexnet_cl_graph_enqueue (g, g->queue, index, last,
          last + 1, batch, NULL, NULL, error))
      && (!features || enqueue_features (self, batch, features, error))
      && rexnet_cl_check (cl.clEnqueueReadBuffer (g->queue, self->ports.output,
          CL_FALSE, 0, (gsize) batch * self->ports.stride * sizeof (float),
          slot->staging, 0, NULL, done), error, "read the result")
      && rexnet_cl_check (cl.clFlush (g->queue), error, "start the network");
}

static gboolean
run_slot (Session * self, Slot * slot, UploadFunc upload, gconstpointer input,
    guint batch, gboolean softmax, float *features, GError ** error)
{
  cl_event ready = NULL, done = NULL;
  gboolean ok = upload (self, slot, input, batch, error)
      && rexnet_cl_check (cl.clEnqueueMarkerWithWaitList (slot->queue, 0, NULL,
          &ready), error, "mark the input")
      && rexnet_cl_check (cl.clFlush (slot->queue), error, "start the upload");

  if (ok) {
    g_mutex_lock (&self->network);
    ok = enqueue_network (self, slot, batch, softmax, features, ready, &done,
        error);
    g_mutex_unlock (&self->network);
  }
  ok = ok && rexnet_cl_check (cl.clWaitForEvents (1, &done), error,
      "run the network");
  /* What was enqueued may still read @input and write what it reads to. */
  if (!ok) {
    cl.clFinish (slot->queue);
    cl.clFinish (self->graph.queue);
  }
  if (ready)
    cl.clReleaseEvent (ready);
  if (done)
    cl.clReleaseEvent (done);
  return ok;
}

static gboolean
run (Session * self, UploadFunc upload, gconstpointer input, guint batch,
    gboolean softmax, const RexnetOutput * output, GError ** error)
{
  Slot *slot = take_slot (self);
  gboolean ok = run_slot (self, slot, upload, input, batch, softmax,
      output->features, error);

  for (guint i = 0; i < batch && ok; i++)
    memcpy (output->scores + (gsize) i * self->classes,
        slot->staging + (gsize) i * self->ports.stride,
        self->classes * sizeof (float));
  give_slot (self, slot);
  return ok;
}

static gboolean
opencl_run (RexnetSession * session, const float *input, guint batch,
    const RexnetOutput * output, GError ** error)
{
  return run ((Session *) session, upload_floats, input, batch, FALSE, output,
      error);
}

static gboolean
opencl_classify (RexnetSession * session, const RexnetImage * images,
    guint batch, const RexnetOutput * output, GError ** error)
{
  return run ((Session *) session, upload_pictures, images, batch, TRUE,
      output, error);
}

static void
opencl_get_info (RexnetSession * session, RexnetEngineInfo * info)
{
  Session *self = (Session *) session;

  info->device = self->graph.device->info.name;
  info->isa = "";
  info->threads = 0;
  info->weight_bytes = self->graph.weight_bytes;
  info->scratch_bytes = self->graph.scratch_bytes;
}

const RexnetBackend rexnet_backend_opencl = {
  .name = "opencl",
  .handles = rexnet_cl_handles,
  .open = opencl_open,
  .close = opencl_close,
  .run = opencl_run,
  .classify = opencl_classify,
  .get_info = opencl_get_info,
  .profile = rexnet_cl_session_profile,
  .concurrent = TRUE,
};
