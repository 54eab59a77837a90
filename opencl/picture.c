/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "picture.h"

#define GROUP 8                 /* global sizes are multiples of it */

/* pass_table of kernels/picture.cl */
typedef struct
{
  cl_int source, along, across, samples, taps, start, coef, bits, outputs,
      lines, target, pitch;
} Pass;

gboolean
rexnet_cl_picture_init (RexnetClPicture * self, const RexnetClDevice * device,
    const RexnetInput * input, cl_context context, cl_program program,
    cl_command_queue queue, GError ** error)
{
  cl_int status;

  self->input = *input;
  self->context = context;
  self->queue = queue;
  rexnet_cl_staging_init (&self->staging, device, context, queue);
  self->first = cl.clCreateKernel (program, "picture_first", &status);
  if (status == CL_SUCCESS)
    self->second = cl.clCreateKernel (program, "picture_second", &status);
  return rexnet_cl_check (status, error, "create the picture's kernels");
}

void
rexnet_cl_picture_clear (RexnetClPicture * self)
{
  if (self->first)
    cl.clReleaseKernel (self->first);
  if (self->second)
    cl.clReleaseKernel (self->second);
  if (self->queue)
    rexnet_cl_staging_clear (&self->staging);
  if (self->table)
    cl.clReleaseMemObject (self->table);
  if (self->temp)
    cl.clReleaseMemObject (self->temp);
  memset (self, 0, sizeof *self);
}

static gboolean
grow (RexnetClPicture * self, cl_mem * memory, gsize * size, gsize wanted,
    GError ** error)
{
  cl_int status;

  if (wanted <= *size)
    return TRUE;
  if (*memory)
    cl.clReleaseMemObject (*memory);
  *size = 0;
  *memory = cl.clCreateBuffer (self->context, CL_MEM_READ_WRITE, wanted, NULL,
      &status);
  if (!rexnet_cl_check (status, error, "allocate %" G_GSIZE_FORMAT
          " bytes for a picture", wanted)) {
    *memory = NULL;
    return FALSE;
  }
  *size = wanted;
  return TRUE;
}

/* Finds the rectangle of each plane that the channels read; returns the bytes
 * of all. */
static gsize
plan_upload (RexnetClPicture * self, const RexnetPath * path)
{
  gsize offset = 0;

  self->n_planes = path->layout->n_planes;
  for (guint p = 0; p < self->n_planes; p++) {
    gsize low = G_MAXSIZE, high = 0;
    guint top = G_MAXUINT, bottom = 0;

    for (guint c = 0; c < path->layout->n_channels; c++) {
      const RexnetRows *ch = &path->channel[c];
      gsize first = (gsize) ch->x.first * ch->place.step + ch->place.offset;

      if (ch->place.plane != p)
        continue;
      low = MIN (low, first);
      high = MAX (high, first + (gsize) (ch->x.n_in - 1) * ch->place.step + 1);
      top = MIN (top, ch->y.first);
      bottom = MAX (bottom, ch->y.first + ch->y.n_in);
    }
    self->plane[p].row = top;
    self->plane[p].rows = bottom - top;
    self->plane[p].column = low;
    self->plane[p].bytes = high - low;
    self->plane[p].offset = offset;
    offset += (high - low) * (bottom - top);
  }
  return offset;
}

static void
append_filter (GArray * table, const RexnetFilter * filter, Pass * pass)
{
  pass->samples = filter->n_in;
  pass->taps = filter->taps;
  pass->bits = filter->bits;
  pass->outputs = filter->n_out;
  pass->start = table->len;
  g_array_append_vals (table, filter->start, filter->n_out);
  pass->coef = table->len;
  g_array_append_vals (table, filter->coef, filter->n_out * filter->taps);
}

/* The two passes over channel @ch, whose result of the first is at @target. */
static void
plan_channel (RexnetClPicture * self, const RexnetPath * path,
    const RexnetRows * ch, GArray * table, gsize target, Pass pass[2])
{
  const gboolean vertical = path->vertical_first;
  const guint p = ch->place.plane;
  const gsize row_bytes = self->plane[p].bytes;
  const cl_int step = ch->place.step;

  memset (pass, 0, 2 * sizeof *pass);
  append_filter (table, vertical ? &ch->y : &ch->x, &pass[0]);
  append_filter (table, vertical ? &ch->x : &ch->y, &pass[1]);
  pass[0].source = self->plane[p].offset
      + (ch->y.first - self->plane[p].row) * row_bytes
      + (gsize) ch->x.first * step + ch->place.offset - self->plane[p].column;
  pass[0].along = vertical ? (cl_int) row_bytes : step;
  pass[0].across = vertical ? step : (cl_int) row_bytes;
  pass[0].lines = pass[1].samples;
  pass[0].target = target;
  pass[0].pitch = vertical ? pass[1].samples : pass[0].outputs;
  pass[1].source = target;
  pass[1].along = vertical ? 1 : pass[0].pitch;
  pass[1].across = vertical ? pass[0].pitch : 1;
  pass[1].lines = pass[0].outputs;
}

/* Fills the table and the sizes of the launches; returns the samples between
 * the passes. */
static gsize
plan_passes (RexnetClPicture * self, const RexnetPath * path, GArray * table)
{
  const guint n = path->layout->n_channels;
  const gboolean vertical = path->vertical_first;
  gsize samples = 0, columns = 0, rows = 0;
  Pass pass[3][2];

  g_array_set_size (table, n * 2 * sizeof (Pass) / sizeof (cl_int));
  for (guint c = 0; c < n; c++) {
    plan_channel (self, path, &path->channel[c], table, samples, pass[c]);
    samples += (gsize) pass[c][0].outputs * pass[c][0].lines;
    columns = MAX (columns, (gsize) (vertical ? pass[c][0].lines
            : pass[c][0].outputs));
    rows = MAX (rows, (gsize) (vertical ? pass[c][0].outputs
            : pass[c][0].lines));
  }
  memcpy (table->data, pass, n * sizeof pass[0]);
  self->first_global[0] = rexnet_cl_round_up (columns, GROUP);
  self->first_global[1] = rexnet_cl_round_up (rows, GROUP);
  self->first_global[2] = n;
  self->second_global[0] = rexnet_cl_round_up (path->width, GROUP);
  self->second_global[1] = rexnet_cl_round_up (path->height, GROUP);
  self->second_global[2] = 1;
  return samples;
}

static gboolean
set_arguments (cl_kernel kernel, const RexnetClArgument * arguments, guint n,
    GError ** error)
{
  for (guint i = 0; i < n; i++)
    if (!rexnet_cl_check (cl.clSetKernelArg (kernel, i, arguments[i].size,
                arguments[i].value), error, "set the picture's argument %u", i))
      return FALSE;
  return TRUE;
}

/* All but source and target, which differ from image to image. */
static gboolean
set_constants (RexnetClPicture * self, const RexnetPath * path,
    GError ** error)
{
  const RexnetNormal *n = &path->normal;
  const RexnetYuv *m = &path->yuv;
  const float unit = path->exact ? 255.f : 1.f;
  cl_int width = path->width, height = path->height;
  cl_int vertical = path->vertical_first, second_vertical = !vertical;
  cl_int exact = path->exact, channels = path->layout->n_channels;
  cl_int neutral = exact ? 0
      : 128 << (REXNET_SAMPLE_BITS + path->channel[0].y.bits);
  cl_float8 yuv = { {m->y_scale, m->y_offset, m->c_scale, m->c_offset, m->v_r,
          m->u_g, m->v_g, m->u_b} };
  cl_float4 scale = { {n->scale[0] / unit, n->scale[1] / unit,
          n->scale[2] / unit, 0.f} };
  cl_float4 offset = { {n->offset[0], n->offset[1], n->offset[2], 0.f} };
  cl_mem none = NULL;
  const RexnetClArgument first[] = {
    REXNET_CL_ARG (none), REXNET_CL_ARG (self->table),
    REXNET_CL_ARG (self->temp), REXNET_CL_ARG (vertical), REXNET_CL_ARG (exact),
  };
  const RexnetClArgument second[] = {
    REXNET_CL_ARG (self->temp), REXNET_CL_ARG (self->table),
    REXNET_CL_ARG (self->temp), REXNET_CL_ARG (width), REXNET_CL_ARG (width),
    REXNET_CL_ARG (width), REXNET_CL_ARG (width), REXNET_CL_ARG (height),
    REXNET_CL_ARG (second_vertical), REXNET_CL_ARG (exact),
    REXNET_CL_ARG (channels), REXNET_CL_ARG (neutral), REXNET_CL_ARG (yuv),
    REXNET_CL_ARG (scale), REXNET_CL_ARG (offset),
  };

  return set_arguments (self->first, first, G_N_ELEMENTS (first), error)
      && set_arguments (self->second, second, G_N_ELEMENTS (second), error);
}

static gboolean
prepare (RexnetClPicture * self, const RexnetImage * image, GError ** error)
{
  g_autoptr (GArray) table = g_array_new (FALSE, TRUE, sizeof (cl_int));
  RexnetPath path = {.kernels = rexnet_resample_get (0) };
  gsize samples, table_bytes;
  gboolean ok = FALSE;

  self->prepared = FALSE;
  rexnet_path_plan (&path, &self->input, image);
  self->bytes = plan_upload (self, &path);
  samples = plan_passes (self, &path, table);
  table_bytes = table->len * sizeof (cl_int);
  if (MAX (self->bytes, samples) > G_MAXINT)  /* the kernels' int */
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_MEMORY,
        "a picture of %u x %u is too large for the OpenCL backend",
        image->width, image->height);
  else
    ok = rexnet_cl_check (cl.clFinish (self->queue), error,
        "wait for a picture")
      && grow (self, &self->temp, &self->temp_size, samples * sizeof (gint16),
      error)
      && grow (self, &self->table, &self->table_size, table_bytes, error)
      && rexnet_cl_check (cl.clEnqueueWriteBuffer (self->queue, self->table,
          CL_TRUE, 0, table_bytes, table->data, 0, NULL, NULL), error,
      "upload filters")
      && set_constants (self, &path, error);
  rexnet_path_clear (&path);
  self->kind = *image;
  self->prepared = ok;
  return ok;
}

static void
copy_plane (const RexnetClPicture * self, const RexnetImage * image, guint p,
    guint8 * to)
{
  const gsize bytes = self->plane[p].bytes;
  const gssize stride = image->stride[p];
  const guint8 *from = image->plane[p]
      + (gssize) self->plane[p].row * stride + self->plane[p].column;

  to += self->plane[p].offset;
  for (guint y = 0; y < self->plane[p].rows; y++)
    memcpy (to + y * bytes, from + (gssize) y * stride, bytes);
}

/* Returns: where the first kernel finds it; NULL with an error */
static cl_mem
upload (RexnetClPicture * self, const RexnetImage * image, GError ** error)
{
  guint8 *to = rexnet_cl_staging_begin (&self->staging, self->bytes, error);

  if (!to)
    return NULL;
  for (guint p = 0; p < self->n_planes; p++)
    copy_plane (self, image, p, to);
  return rexnet_cl_staging_send (&self->staging, error);
}

gboolean
rexnet_cl_picture_enqueue (RexnetClPicture * self, const RexnetImage * image,
    const RexnetClPorts * ports, cl_mem target, guint index, GError ** error)
{
  cl_int plane = ports->rows * ports->pitch, pitch = ports->pitch;
  cl_int start = (cl_int) index * 3 * plane + pitch + 1;
  cl_mem source;

  if (!rexnet_image_check (image, error))
    return FALSE;
  if (!(self->prepared && rexnet_image_same_kind (&self->kind, image))
      && !prepare (self, image, error))
    return FALSE;
  source = upload (self, image, error);
  if (!source)
    return FALSE;
  cl.clSetKernelArg (self->first, 0, sizeof source, &source);
  cl.clSetKernelArg (self->second, 2, sizeof target, &target);
  cl.clSetKernelArg (self->second, 3, sizeof start, &start);
  cl.clSetKernelArg (self->second, 4, sizeof plane, &plane);
  cl.clSetKernelArg (self->second, 5, sizeof pitch, &pitch);
  return rexnet_cl_check (cl.clEnqueueNDRangeKernel (self->queue, self->first,
          3, NULL, self->first_global, NULL, 0, NULL, NULL), error,
      "resize a picture")
      && rexnet_cl_check (cl.clEnqueueNDRangeKernel (self->queue, self->second,
          2, NULL, self->second_global, NULL, 0, NULL, NULL), error,
      "convert a picture");
}
