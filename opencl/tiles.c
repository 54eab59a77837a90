/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache.h"
#include "tiles.h"

#define MAX_TILE 1024
#define GROUP "tiles"

/*
 * CPUs: a block is one 512-bit register or two of 256 bits, an item owns the
 * whole register file, and a group is one item, because drivers turn a
 * barrier into a loop that spills. GPUs: four channels are one load of 16
 * bytes; a group fills a sub-group or several. Intel: eight lanes of 128
 * registers, and an operand that is one lane's for all costs nothing. Mali and
 * Adreno: few registers, so smaller tiles; Mali's local memory is memory like
 * any other, and nothing is gained by going through it.
 *
 * rexnet_cl_tiles_default() adds sg, sg_x and fp16 as the device reports them.
 */
static const RexnetClTiles defaults[] = {
  [REXNET_CL_VENDOR_OTHER] = {
      .cb = 4, .pw_p = 4, .pw_t = 2, .pw_x = 16, .pw_y = 4,
      .pw_slab = 16, .pw_stage = 1, .dw_r = 2, .dw_x = 64,
      .st_r = 2, .st_t = 1, .st_x = 16, .st_y = 4, .fc_x = 64,
      .fu_x = 128, .fu_kb = 32 },
  [REXNET_CL_VENDOR_CPU] = {
      .cb = 16, .pw_p = 7, .pw_t = 2, .pw_x = 1, .pw_y = 1,
      .pw_slab = 16, .pw_stage = 0, .dw_r = 7, .dw_x = 1,
      .st_r = 14, .st_t = 2, .st_x = 1, .st_y = 1, .fc_x = 1,
      .fu_x = 1, .fu_kb = 512 },
  [REXNET_CL_VENDOR_INTEL] = {
      .cb = 4, .pw_p = 4, .pw_t = 2, .pw_x = 16, .pw_y = 4,
      .pw_slab = 16, .pw_stage = 1, .dw_r = 4, .dw_x = 64,
      .st_r = 4, .st_t = 1, .st_x = 16, .st_y = 4, .fc_x = 64,
      .fu_x = 128, .fu_kb = 32 },
  [REXNET_CL_VENDOR_AMD] = {
      .cb = 4, .pw_p = 4, .pw_t = 2, .pw_x = 16, .pw_y = 8,
      .pw_slab = 16, .pw_stage = 1, .dw_r = 2, .dw_x = 64,
      .st_r = 2, .st_t = 1, .st_x = 16, .st_y = 4, .fc_x = 64,
      .fu_x = 128, .fu_kb = 32 },
  [REXNET_CL_VENDOR_NVIDIA] = {
      .cb = 4, .pw_p = 4, .pw_t = 2, .pw_x = 16, .pw_y = 8,
      .pw_slab = 16, .pw_stage = 1, .dw_r = 2, .dw_x = 128,
      .st_r = 2, .st_t = 1, .st_x = 32, .st_y = 4, .fc_x = 128,
      .fu_x = 128, .fu_kb = 32 },
  [REXNET_CL_VENDOR_ARM] = {
      .cb = 4, .pw_p = 4, .pw_t = 1, .pw_x = 16, .pw_y = 4,
      .pw_slab = 8, .pw_stage = 0, .dw_r = 2, .dw_x = 64,
      .st_r = 2, .st_t = 1, .st_x = 16, .st_y = 4, .fc_x = 32,
      .fu_x = 0, .fu_kb = 16 },
  [REXNET_CL_VENDOR_QUALCOMM] = {
      .cb = 4, .pw_p = 4, .pw_t = 2, .pw_x = 16, .pw_y = 4,
      .pw_slab = 8, .pw_stage = 1, .dw_r = 2, .dw_x = 64,
      .st_r = 2, .st_t = 1, .st_x = 16, .st_y = 4, .fc_x = 64,
      .fu_x = 128, .fu_kb = 32 },
};

RexnetClTiles
rexnet_cl_tiles_default (const RexnetClDevice * device)
{
  RexnetClTiles tiles = defaults[device->vendor];

  /* AVX2: half the width, half the registers. */
  if (device->vendor == REXNET_CL_VENDOR_CPU && device->lanes < 16) {
    tiles.cb = 8;
    tiles.pw_p = 6;
    tiles.dw_r = 4;
    tiles.st_r = 6;
  }
  tiles.sg_t = 1;
  tiles.fp16 = device->info.fp16 && device->vendor != REXNET_CL_VENDOR_CPU;
  tiles.sg = device->subgroups != NULL
      && device->vendor != REXNET_CL_VENDOR_CPU;
  if (device->vendor == REXNET_CL_VENDOR_INTEL && device->subgroups
      && device->sets_subgroup)
    tiles.sg_x = 16;
  return tiles;
}

/* The sizes depend on the kernels. */
static char *
tiles_path (const RexnetClDevice * device, const char *cache_dir)
{
  return rexnet_cl_cache_path (device, cache_dir,
      (const char *const[]) { rexnet_cl_source }, 1, ".tiles");
}

RexnetClTiles
rexnet_cl_tiles_load (const RexnetClDevice * device, const char *cache_dir)
{
  g_autofree char *path = tiles_path (device, cache_dir);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  RexnetClTiles tiles;

  if (!path || !g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL))
    return rexnet_cl_tiles_default (device);
#define X(field, macro) \
  if (!error) \
    tiles.field = (guint) g_key_file_get_integer (file, GROUP, #field, &error);
  REXNET_CL_TILES (X)
#undef X
  return !error && rexnet_cl_tiles_fit (&tiles, device) ? tiles
      : rexnet_cl_tiles_default (device);
}

gboolean
rexnet_cl_tiles_save (const RexnetClTiles * tiles,
    const RexnetClDevice * device, const char *cache_dir, GError ** error)
{
  g_autofree char *path = tiles_path (device, cache_dir);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *data = NULL;
  gsize size;

  if (!path)
    return TRUE;
#define X(field, macro) \
  g_key_file_set_integer (file, GROUP, #field, (int) tiles->field);
  REXNET_CL_TILES (X)
#undef X
  g_key_file_set_comment (file, GROUP, NULL, device->info.name, NULL);
  data = g_key_file_to_data (file, &size, NULL);
  return rexnet_cl_cache_write (path, data, size, error);
}

gboolean
rexnet_cl_tiles_fit (const RexnetClTiles * t, const RexnetClDevice * device)
{
  guint64 slab = (guint64) t->pw_x * t->pw_p * t->pw_slab;
  guint64 mean = (guint64) t->pw_x * t->pw_y * t->pw_t * t->cb;
  guint group = MAX (MAX (t->pw_x * t->pw_y, t->st_x * t->st_y),
      MAX (MAX (t->dw_x, t->fc_x), t->fu_x));

  if ((t->cb != 4 && t->cb != 8 && t->cb != 16) || t->pw_slab % t->cb != 0)
    return FALSE;
#define X(field, macro) \
  if (t->field > MAX_TILE || (t->field == 0 && &t->field != &t->pw_stage \
          && &t->field != &t->fu_x && &t->field != &t->sg \
          && &t->field != &t->sg_x && &t->field != &t->fp16)) \
    return FALSE;
  REXNET_CL_TILES (X)
#undef X
  if (((t->sg || t->sg_x) && !device->subgroups)
      || (t->fp16 && !device->info.fp16))
    return FALSE;
  if (t->sg_x && (t->cb != 4 || t->sg_x % 4 != 0
          || t->sg_x > device->info.max_work_group))
    return FALSE;
  return group <= device->info.max_work_group
      && (slab + mean) * sizeof (float) <= device->info.local_memory
      && (guint64) MAX (MAX (t->dw_x, t->fc_x), t->fu_x) * t->cb
      * sizeof (float) <= device->info.local_memory;
}

char *
rexnet_cl_tiles_to_options (const RexnetClTiles * tiles,
    const RexnetClDevice * device, gboolean half)
{
  GString *options = g_string_new (tiles->sg || tiles->sg_x
      ? device->subgroups : "-cl-std=CL1.2");

#define X(field, macro) \
  if (*macro) \
    g_string_append_printf (options, " -D " macro "=%u", tiles->field);
  REXNET_CL_TILES (X)
#undef X
  g_string_append_printf (options, " -D HALF=%d -D HALF_MATH=%d"
      " -D SG_REQUIRED=%d", half ? 1 : 0, half && tiles->fp16 ? 1 : 0,
      device->sets_subgroup ? 1 : 0);
  return g_string_free (options, FALSE);
}
