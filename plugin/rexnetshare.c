/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetshare.h"

#include <glib/gstdio.h>

typedef struct
{
  char *key;
  RexnetEngine *engine;         /* NULL while someone is making it */
  guint users;
} Share;

static GMutex lock;
static GCond made;              /* or failed to be */
static GSList *shares;

/* A file in another one's place differs in one of these at least, be it as old
 * and as long. */
static void
append_file (GString * key, const char *path)
{
  GStatBuf st = { 0 };

  if (g_stat (path, &st) != 0)
    st.st_size = -1;
  g_string_append_printf (key, "%s|%" G_GUINT64_FORMAT "|%" G_GUINT64_FORMAT
      "|%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT ".%ld|%" G_GINT64_FORMAT
      ".%ld\n", path, (guint64) st.st_dev, (guint64) st.st_ino,
      (gint64) st.st_size, (gint64) st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
      (gint64) st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

/* @r: with the path of the model file, if it is not the built-in one */
static char *
make_key (const RexnetRequest * r)
{
  GString *key = g_string_new (NULL);
  char width[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (key, "%d|%d|%s|%u|%d|%d|%s|%s\n", r->any_variant,
      r->variant, g_ascii_dtostr (width, sizeof width, r->width), r->threads,
      r->scheduling, r->precision, r->cache_dir ? r->cache_dir : "default",
      r->device);
  if (r->labels) {
    g_autofree char *path = g_canonicalize_filename (r->labels, NULL);

    append_file (key, path);
  }
  g_string_append_c (key, '\n');
  if (r->model) {
    g_autofree char *path = g_canonicalize_filename (r->model, NULL);
    g_auto (GStrv) files = rexnet_model_list_files (path);

    for (char **file = files; *file; file++)
      append_file (key, *file);
  }
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
check_request (RexnetModel * model, const RexnetRequest * r, GError ** error)
{
  const RexnetModelInfo *info = rexnet_model_get_info (model);
  g_autofree char *asked = NULL;

  if (rexnet_model_check (model, r->any_variant ? info->variant : r->variant,
          r->width, NULL))
    return TRUE;
  asked = describe (r);
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_MISMATCH,
      "%s holds %s of width %.4g, but %s was asked for: leave width and "
      "variant unset to take what the file holds", r->model,
      rexnet_variant_to_string (info->variant), info->width, asked);
  return FALSE;
}

static RexnetModel *
load_model (const RexnetRequest * r, GError ** error)
{
  RexnetModel *model, *labelled;

  model = r->model ? rexnet_model_load (r->model, error)
      : rexnet_model_load_default (error);
  if (model && r->model && !check_request (model, r, error))
    g_clear_pointer (&model, rexnet_model_unref);
  if (!model || !r->labels)
    return model;
  labelled = rexnet_model_with_labels (model, r->labels, error);
  rexnet_model_unref (model);
  return labelled;
}

static RexnetEngine *
make_engine (const RexnetRequest * r, RexnetProgressFunc progress,
    gpointer progress_data, GError ** error)
{
  RexnetEngineOptions options = {
    .device = r->device, .threads = r->threads, .scheduling = r->scheduling,
    .precision = r->precision, .cache_dir = r->cache_dir,
    .progress = progress, .progress_data = progress_data,
  };
  RexnetModel *model = load_model (r, error);
  RexnetEngine *engine;

  if (!model)
    return NULL;
  engine = rexnet_engine_new (model, &options, error);
  rexnet_model_unref (model);
  return engine;
}

/* With the lock. */
static Share *
find (const char *key)
{
  for (GSList * l = shares; l; l = l->next)
    if (g_str_equal (((Share *) l->data)->key, key))
      return l->data;
  return NULL;
}

/* With the lock. */
static void
forget (Share * share)
{
  shares = g_slist_remove (shares, share);
  g_free (share->key);
  g_free (share);
}

/* With the lock, which is let go of while the engine is made. */
static RexnetEngine *
add (char *key, const RexnetRequest * request, RexnetProgressFunc progress,
    gpointer progress_data, GError ** error)
{
  Share *share = g_new (Share, 1);
  RexnetEngine *engine;

  *share = (Share) { key, NULL, 1 };
  shares = g_slist_prepend (shares, share);
  g_mutex_unlock (&lock);
  engine = make_engine (request, progress, progress_data, error);
  g_mutex_lock (&lock);
  share->engine = engine;
  if (!engine)
    forget (share);
  g_cond_broadcast (&made);
  return engine;
}

/* The path of the model file, or NULL for the built-in model. */
static gboolean
find_model (const RexnetRequest * r, char **path, GError ** error)
{
  *path = NULL;
  if (r->model)
    *path = rexnet_model_find_named (r->model, error);
  else if (r->width != 0 || !r->any_variant)
    *path = rexnet_model_find (r->any_variant ? REXNET_VARIANT_REXNET
        : r->variant, r->width, error);
  else
    return TRUE;
  return *path != NULL;
}

RexnetEngine *
rexnet_share_acquire (const RexnetRequest * request,
    RexnetProgressFunc progress, gpointer progress_data, GError ** error)
{
  g_autofree char *model = NULL, *key = NULL;
  RexnetRequest found = *request;
  RexnetEngine *engine;
  Share *share;

  if (!find_model (request, &model, error))
    return NULL;
  found.model = model;
  key = make_key (&found);

  g_mutex_lock (&lock);
  while ((share = find (key)) && !share->engine)
    g_cond_wait (&made, &lock);
  if (share) {
    share->users++;
    engine = share->engine;
  } else {
    engine = add (g_steal_pointer (&key), &found, progress, progress_data,
        error);
  }
  g_mutex_unlock (&lock);
  return engine;
}

void
rexnet_share_release (RexnetEngine * engine)
{
  gboolean last;
  GSList *l;

  g_mutex_lock (&lock);
  for (l = shares; l && ((Share *) l->data)->engine != engine; l = l->next);
  last = l && --((Share *) l->data)->users == 0;
  if (last)
    forget (l->data);
  g_mutex_unlock (&lock);
  if (last)
    rexnet_engine_free (engine);
}
