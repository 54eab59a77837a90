/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "cache.h"
#include "program.h"

/* A cache file: this, then the binary. */
typedef struct
{
  char magic[8];
  guint32 format;
  guint32 reserved;
  guint64 size;                 /* of the binary */
  guint8 digest[32];            /* SHA-256 of the binary */
} Header;

#define MAGIC "REXNETCL"
#define FORMAT 1
#define MAX_BINARY (256u << 20)

static void
digest (const void *data, gsize size, guint8 out[32])
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize n = 32;

  g_checksum_update (sum, data, size);
  g_checksum_get_digest (sum, out, &n);
}

static gboolean
is_intact (const char *data, gsize size)
{
  Header header;
  guint8 sum[32];

  if (size < sizeof header || size > MAX_BINARY)
    return FALSE;
  memcpy (&header, data, sizeof header);
  if (memcmp (header.magic, MAGIC, 8) != 0 || header.format != FORMAT
      || header.size != size - sizeof header || header.size == 0)
    return FALSE;
  digest (data + sizeof header, header.size, sum);
  return memcmp (sum, header.digest, sizeof sum) == 0;
}

static gboolean
load (RexnetClProgram * self, const RexnetClDevice * device,
    cl_context context, const char *options)
{
  g_autofree char *data = NULL;
  const guchar *binary;
  gsize size;
  cl_int status, binary_status;

  if (!self->path || !g_file_get_contents (self->path, &data, &size, NULL)
      || !is_intact (data, size))
    return FALSE;
  binary = (const guchar *) data + sizeof (Header);
  size -= sizeof (Header);
  self->program = cl.clCreateProgramWithBinary (context, 1, &device->id, &size,
      &binary, &binary_status, &status);
  if (status != CL_SUCCESS)
    return FALSE;
  self->cached = binary_status == CL_SUCCESS
      && cl.clBuildProgram (self->program, 1, &device->id, options, NULL, NULL)
      == CL_SUCCESS;
  if (!self->cached) {
    cl.clReleaseProgram (self->program);
    self->program = NULL;
  }
  return self->cached;
}

/* The first lines of what the compiler said. */
static char *
build_log (cl_program program, cl_device_id device)
{
  gsize size = 0;
  char *log;

  cl.clGetProgramBuildInfo (program, device, CL_PROGRAM_BUILD_LOG, 0, NULL,
      &size);
  log = g_malloc0 (size + 1);
  cl.clGetProgramBuildInfo (program, device, CL_PROGRAM_BUILD_LOG, size, log,
      NULL);
  if (size > 1000)
    log[1000] = '\0';
  return g_strstrip (log);
}

static gboolean
compile (RexnetClProgram * self, const RexnetClDevice * device,
    cl_context context, const char *options, GError ** error)
{
  const char *source = rexnet_cl_source;
  cl_int status;

  self->program = cl.clCreateProgramWithSource (context, 1, &source, NULL,
      &status);
  if (!rexnet_cl_check (status, error, "create the program"))
    return FALSE;
  status = cl.clBuildProgram (self->program, 1, &device->id, options, NULL,
      NULL);
  if (status != CL_SUCCESS) {
    g_autofree char *log = build_log (self->program, device->id);

    return rexnet_cl_check (status, error, "compile the kernels for %s (%s)",
        device->info.name, log);
  }
  return TRUE;
}

gboolean
rexnet_cl_program_open (RexnetClProgram * self, const RexnetClDevice * device,
    cl_context context, const char *options, const char *cache_dir,
    RexnetProgressFunc progress, gpointer progress_data, GError ** error)
{
  g_autofree char *what = NULL;
  g_autofree char *format = g_strdup_printf ("%d", FORMAT);
  const char *key[] = { format, rexnet_cl_source, options };

  self->path = rexnet_cl_cache_path (device, cache_dir, key,
      G_N_ELEMENTS (key), ".clbin");
  if (load (self, device, context, options))
    return TRUE;
  what = g_strdup_printf ("compiling OpenCL kernels for %s", device->info.name);
  if (progress)
    progress (what, 0., progress_data);
  return compile (self, device, context, options, error);
}

void
rexnet_cl_program_save (RexnetClProgram * self)
{
  Header header = {.magic = MAGIC,.format = FORMAT };
  g_autofree guchar *data = NULL;
  guchar *binary;
  gsize size = 0;

  if (!self->program || !self->path || self->cached
      || cl.clGetProgramInfo (self->program, CL_PROGRAM_BINARY_SIZES,
          sizeof size, &size, NULL) != CL_SUCCESS || size == 0
      || size > MAX_BINARY - sizeof header)
    return;
  data = g_malloc (sizeof header + size);
  binary = data + sizeof header;
  if (cl.clGetProgramInfo (self->program, CL_PROGRAM_BINARIES, sizeof binary,
          &binary, NULL) != CL_SUCCESS)
    return;
  header.size = size;
  digest (binary, size, header.digest);
  memcpy (data, &header, sizeof header);
  rexnet_cl_cache_write (self->path, data, sizeof header + size, NULL);
}

void
rexnet_cl_program_close (RexnetClProgram * self)
{
  if (self->program)
    cl.clReleaseProgram (self->program);
  g_free (self->path);
  memset (self, 0, sizeof *self);
}
