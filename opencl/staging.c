/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "staging.h"

void
rexnet_cl_staging_init (RexnetClStaging * self, const RexnetClDevice * device,
    cl_context context, cl_command_queue queue)
{
  memset (self, 0, sizeof *self);
  self->device = device;
  self->context = context;
  self->queue = queue;
}

static void
free_piece (RexnetClStaging * self, RexnetClStagingPiece * piece)
{
  if (piece->sent)
    cl.clReleaseEvent (piece->sent);
  if (piece->mapped) {
    cl.clEnqueueUnmapMemObject (self->queue, piece->memory, piece->mapped, 0,
        NULL, NULL);
    cl.clFinish (self->queue);
  }
  if (piece->memory)
    cl.clReleaseMemObject (piece->memory);
  memset (piece, 0, sizeof *piece);
}

void
rexnet_cl_staging_clear (RexnetClStaging * self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->piece); i++)
    free_piece (self, &self->piece[i]);
  if (self->memory)
    cl.clReleaseMemObject (self->memory);
  memset (self, 0, sizeof *self);
}

static cl_mem
make_buffer (RexnetClStaging * self, cl_mem_flags flags, gsize size,
    GError ** error)
{
  cl_int status;
  cl_mem memory = cl.clCreateBuffer (self->context, flags, size, NULL, &status);

  return rexnet_cl_check (status, error, "allocate %" G_GSIZE_FORMAT
      " bytes for a picture", size) ? memory : NULL;
}

static gboolean
map (RexnetClStaging * self, RexnetClStagingPiece * piece, gsize size,
    GError ** error)
{
  cl_int status;

  /* That the old content does not matter can be said since OpenCL 1.2. */
  piece->mapped = cl.clEnqueueMapBuffer (self->queue, piece->memory, CL_TRUE,
      CL_MAP_WRITE_INVALIDATE_REGION, 0, size, 0, NULL, NULL, &status);
  if (rexnet_cl_check (status, error, "reach a picture's memory"))
    return TRUE;
  piece->mapped = NULL;
  return FALSE;
}

static gboolean
wait_sent (RexnetClStagingPiece * piece, GError ** error)
{
  cl_event sent = g_steal_pointer (&piece->sent);
  cl_int status;

  if (!sent)
    return TRUE;
  status = cl.clWaitForEvents (1, &sent);
  cl.clReleaseEvent (sent);
  return rexnet_cl_check (status, error, "upload a picture");
}

void *
rexnet_cl_staging_begin (RexnetClStaging * self, gsize size, GError ** error)
{
  const gboolean unified = self->device->unified;
  RexnetClStagingPiece *piece = &self->piece[self->next];

  self->wanted = size;
  if (!wait_sent (piece, error))
    return NULL;
  if (size > piece->size) {
    free_piece (self, piece);
    piece->memory = make_buffer (self, CL_MEM_ALLOC_HOST_PTR
        | (unified ? CL_MEM_READ_ONLY : CL_MEM_READ_WRITE), size, error);
    if (!piece->memory)
      return NULL;
    piece->size = size;
  }
  if (!piece->mapped && !map (self, piece, unified ? size : piece->size, error))
    return NULL;
  return piece->mapped;
}

static gboolean
unmap (RexnetClStaging * self, RexnetClStagingPiece * piece, GError ** error)
{
  void *mapped = g_steal_pointer (&piece->mapped);

  return rexnet_cl_check (cl.clEnqueueUnmapMemObject (self->queue,
          piece->memory, mapped, 0, NULL, NULL), error, "hand over a picture");
}

static gboolean
copy (RexnetClStaging * self, RexnetClStagingPiece * piece, GError ** error)
{
  if (self->wanted > self->size) {
    if (self->memory)
      cl.clReleaseMemObject (self->memory);
    self->size = 0;
    self->memory = make_buffer (self, CL_MEM_READ_ONLY, self->wanted, error);
    if (!self->memory)
      return FALSE;
    self->size = self->wanted;
  }
  return rexnet_cl_check (cl.clEnqueueWriteBuffer (self->queue, self->memory,
          CL_FALSE, 0, self->wanted, piece->mapped, 0, NULL, &piece->sent),
      error, "upload a picture");
}

cl_mem
rexnet_cl_staging_send (RexnetClStaging * self, GError ** error)
{
  RexnetClStagingPiece *piece = &self->piece[self->next];

  if (self->device->unified)
    return unmap (self, piece, error) ? piece->memory : NULL;
  self->next = (self->next + 1) % G_N_ELEMENTS (self->piece);
  return copy (self, piece, error) ? self->memory : NULL;
}
