/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetshare.h"

#include <glib/gstdio.h>
#include <math.h>

typedef struct
{
  char *key;
  RexnetEngine *engine;
  guint users;
} Share;

/* Held while an engine is made too, so that nobody makes it twice. */
static GMutex lock;
static GSList *shares;

/* Official widths differ by 0.1 at least; shapes tell a width to about 0.01. */
#define WIDTH_TOLERANCE 0.02

static void
append_file (GString * key, const char *path)
{
  g_autofree char *absolute = path ? g_canonicalize_filename (path, NULL) : NULL;
  GStatBuf st = { 0 };

  if (absolute && g_stat (absolute, &st) != 0)
    st.st_size = -1;
  g_string_append_printf (key, "%s|%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT "|",
      absolute ? absolute : "", (gint64) st.st_size, (gint64) st.st_mtime);
}

static char *
make_key (const RexnetRequest * r)
{
  GString *key = g_string_new (NULL);
  char width[G_ASCII_DTOSTR_BUF_SIZE];

  append_file (key, r->model);
  append_file (key, r->labels);
  g_string_append_printf (key, "%d|%d|%s|%s|%u|%d", r->any_variant, r->variant,
      g_ascii_dtostr (width, sizeof width, r->width), r->device, r->threads,
      r->scheduling);
  return g_string_free (key, FALSE);
}

/* What was asked for, in words. */
static char *
describe (const RexnetRequest * r)
{
  const char *variant = r->any_variant ? "" :
      rexnet_variant_to_string (r->variant);

  if (r->width == 0)
    return g_strdup (variant);
  return g_strdup_printf ("%s%swidth %.4g", variant,
      r->any_variant ? "" : " of ", r->width);
}

static gboolean
check_request (RexnetModel * model, const RexnetRequest * r, const char *path,
    GError ** error)
{
  const RexnetModelInfo *info = rexnet_model_get_info (model);
  g_autofree char *asked = NULL;

  if ((r->any_variant || info->variant == r->variant)
      && (r->width == 0 || fabs (info->width - r->width) <= WIDTH_TOLERANCE))
    return TRUE;
  asked = describe (r);
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_MISMATCH,
      "%s holds %s of width %.4g, but %s was asked for: leave width and "
      "variant unset to take what the file holds", path,
      rexnet_variant_to_string (info->variant), info->width, asked);
  return FALSE;
}

static RexnetModel *
load_file (const RexnetRequest * r, GError ** error)
{
  g_autofree char *found = NULL;
  const char *path = r->model;
  RexnetModel *model;

  if (!path) {
    RexnetVariant variant = r->any_variant ? REXNET_VARIANT_REXNET : r->variant;

    path = found = rexnet_model_find (variant, r->width, error);
    if (!path)
      return NULL;
  }
  model = rexnet_model_load (path, error);
  if (model && !check_request (model, r, path, error))
    g_clear_pointer (&model, rexnet_model_unref);
  return model;
}

static RexnetModel *
load_model (const RexnetRequest * r, GError ** error)
{
  RexnetModel *model, *labelled;

  if (r->model || r->width != 0 || !r->any_variant)
    model = load_file (r, error);
  else
    model = rexnet_model_load_default (error);
  if (!model || !r->labels)
    return model;
  labelled = rexnet_model_with_labels (model, r->labels, error);
  rexnet_model_unref (model);
  return labelled;
}

static RexnetEngine *
make_engine (const RexnetRequest * r, GError ** error)
{
  RexnetEngineOptions options = {
    .device = r->device, .threads = r->threads, .scheduling = r->scheduling,
  };
  RexnetModel *model = load_model (r, error);
  RexnetEngine *engine;

  if (!model)
    return NULL;
  engine = rexnet_engine_new (model, &options, error);
  rexnet_model_unref (model);
  return engine;
}

RexnetEngine *
rexnet_share_acquire (const RexnetRequest * request, GError ** error)
{
  g_autofree char *key = make_key (request);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  RexnetEngine *engine;
  Share *share;

  for (GSList * l = shares; l; l = l->next) {
    share = l->data;
    if (g_str_equal (share->key, key)) {
      share->users++;
      return share->engine;
    }
  }
  engine = make_engine (request, error);
  if (!engine)
    return NULL;
  share = g_new (Share, 1);
  *share = (Share) { g_steal_pointer (&key), engine, 1 };
  shares = g_slist_prepend (shares, share);
  return engine;
}

void
rexnet_share_release (RexnetEngine * engine)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  for (GSList * l = shares; l; l = l->next) {
    Share *share = l->data;

    if (share->engine != engine)
      continue;
    if (--share->users > 0)
      return;
    shares = g_slist_delete_link (shares, l);
    rexnet_engine_free (share->engine);
    g_free (share->key);
    g_free (share);
    return;
  }
}
