/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "hub.h"
#include "install.h"
#include "lock.h"
#include "model/files.h"
#include "rexnet-labels.h"
#include "space.h"
#include "tool.h"

#define MAX_WEIGHTS ((gint64) 1 << 30)  /* bytes */
#define MAX_CONFIG ((gint64) 8 << 20)
#define MAX_LABELS (16 << 20)
#define MAIN "main"
#define CONFIG "config.json"
#define LABELS "labels.txt"

/* One model on its way in. */
typedef struct
{
  const InstallOptions *options;
  const CatalogTarget *target;
  char *part;                   /* folder that it is put together in */
  char *final;                  /* folder that it becomes */
  const char *weights;          /* the weights' name */
  HubFile file;                 /* what the hub says of them */
} Install;

/* Deletes a folder, or a link to one, which is not followed.
 * @keep: (nullable): how the names begin that stay, and the folder with them */
static void
clear_folder (const char *folder, const char *keep)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  if (g_file_test (folder, G_FILE_TEST_IS_SYMLINK)) {
    g_unlink (folder);
    return;
  }
  dir = g_dir_open (folder, 0, NULL);
  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (!keep || !g_str_has_prefix (name, keep))
      g_unlink (path);
  }
  g_rmdir (folder);
}

/* ---- from the hub ------------------------------------------------------ */

/* Into @file, from the commit that the weights are of. */
static gboolean
look_up (Install * i, const char *name, HubFile * file, GError ** error)
{
  const char *revision = i->target->revision ? i->target->revision : MAIN;
  const char *commit = i->file.commit ? i->file.commit : revision;

  return hub_look_up (i->options->http, i->options->endpoint,
      i->target->repository, commit, name, file, error);
}

static gboolean
look_up_weights (Install * i, GError ** error)
{
  for (guint n = 0; catalog_weight_files[n]; n++) {
    g_autoptr (GError) failure = NULL;

    i->weights = catalog_weight_files[n];
    if (look_up (i, i->weights, &i->file, &failure)) {
      if (i->file.sha256)
        return TRUE;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
          "%s publishes no SHA-256 of %s, so it cannot be checked",
          i->options->endpoint, i->weights);
      return FALSE;
    }
    hub_file_clear (&i->file);
    if (!g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)
        || !catalog_weight_files[n + 1]) {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  }
  return FALSE;
}

static gboolean
fetch (Install * i, const char *name, const HubFile * file, const char *as,
    gint64 limit, GError ** error)
{
  const InstallOptions *o = i->options;
  g_autofree char *path = g_build_filename (i->part, as, NULL);

  if (hub_fetch (o->http, o->endpoint, i->target->repository, name, file, path,
          limit, limit == MAX_WEIGHTS, error))
    return TRUE;
  g_prefix_error (error, "%s: ", name);
  return FALSE;
}

/* A repository need not have one. */
static gboolean
fetch_config (Install * i, GError ** error)
{
  g_autoptr (GError) failure = NULL;
  g_auto (HubFile) file = { 0 };

  if (look_up (i, CONFIG, &file, &failure))
    return fetch (i, CONFIG, &file, CONFIG, MAX_CONFIG, error);
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_prefixed_error (error, g_steal_pointer (&failure), CONFIG ": ");
  return FALSE;
}

/* Other weights do not go on in a file with this name. */
static char *
partial_name (const Install * i)
{
  return g_strconcat (i->file.sha256, ".part", NULL);
}

static gboolean
fetch_weights (Install * i, GError ** error)
{
  g_autofree char *partial = partial_name (i);
  g_autofree char *from = g_build_filename (i->part, partial, NULL);
  g_autofree char *to = g_build_filename (i->part, i->weights, NULL);

  clear_folder (i->part, partial);
  if (g_mkdir_with_parents (i->part, 0777) != 0)
    return space_fail_write (error, i->part, errno, 0, -1);
  return fetch_config (i, error)
      && fetch (i, i->weights, &i->file, partial, MAX_WEIGHTS, error)
      && (g_rename (from, to) == 0
      || space_fail_write (error, to, errno, 0, -1));
}

/* After a failure. */
static void
keep_or_drop (Install * i, GError ** error)
{
  g_autofree char *partial = partial_name (i);
  g_autofree char *path = g_build_filename (i->part, partial, NULL);
  GStatBuf st;
  char *message;

  if (g_stat (path, &st) != 0 || st.st_size == 0) {
    clear_folder (i->part, NULL);
    return;
  }
  message = g_strconcat ((*error)->message,
      "; what arrived is kept, and the same command goes on from there", NULL);
  g_free ((*error)->message);
  (*error)->message = message;
}

/* ---- what came --------------------------------------------------------- */

static RexnetModel *
load (Install * i, GError ** error)
{
  const CatalogEntry *entry = i->target->entry;
  g_autofree char *path = g_build_filename (i->part, i->weights, NULL);
  g_autoptr (RexnetModel) model = rexnet_model_load (path, error);

  if (!model || (entry && !rexnet_model_check (model, entry->variant,
              entry->width, error))) {
    g_prefix_error (error, "it arrived whole, but is not what was asked for: ");
    return NULL;
  }
  return g_steal_pointer (&model);
}

static gboolean
write_resource (Install * i, const char *name, const char *as, GError ** error)
{
  g_autofree char *resource = g_strconcat ("/rexnet/", name, NULL);
  g_autofree char *path = g_build_filename (i->part, as, NULL);
  g_autoptr (GBytes) bytes = g_resource_lookup_data
      (rexnet_labels_get_resource (), resource, G_RESOURCE_LOOKUP_FLAGS_NONE,
      error);

  return bytes && g_file_set_contents (path, g_bytes_get_data (bytes, NULL),
      g_bytes_get_size (bytes), error);
}

/* Of what the list knows to be ImageNet's classes. Returns: (nullable). */
static const char *
names_of_classes (const CatalogEntry * entry, guint classes)
{
  if (!entry || entry->classes != classes)
    return NULL;
  return classes == 1000 ? "imagenet-1k.labels.txt" : "imagenet-12k.labels.txt";
}

/* Takes over the labels that a user put into the folder that is replaced.
 * Returns: whether there are any that fit */
static gboolean
keep_labels (Install * i)
{
  g_autofree char *from = g_build_filename (i->final, LABELS, NULL);
  g_autofree char *to = g_build_filename (i->part, LABELS, NULL);
  g_autoptr (RexnetModel) labelled = NULL;
  g_autofree char *text = NULL;
  gsize length;

  if (!rexnet_file_read (from, MAX_LABELS, &text, &length, NULL)
      || !g_file_set_contents (to, text, length, NULL))
    return FALSE;
  labelled = load (i, NULL);
  if (!labelled)
    g_unlink (to);
  return labelled != NULL;
}

static gboolean
add_labels (Install * i, RexnetModel * model, GError ** error)
{
  const guint classes = rexnet_model_get_info (model)->classes;
  const char *names = names_of_classes (i->target->entry, classes);

  if (rexnet_model_get_label (model, 0))
    return TRUE;
  if (names)
    return write_resource (i, names, LABELS, error)
        && write_resource (i, "LICENSE.wordnet", LABELS ".license", error);
  if (keep_labels (i))
    return TRUE;
  tool_error (NULL, "%s: no names of its %u classes are known; " LABELS
      " in %s, one a line, will be taken", i->target->repository, classes,
      i->final);
  return TRUE;
}

static gboolean
write_source (Install * i, GError ** error)
{
  const CatalogEntry *entry = i->target->entry;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *path = g_build_filename (i->part, "source.json", NULL);
  g_autofree char *text = NULL;

  json_builder_begin_object (builder);
  tool_json_set_string (builder, "endpoint", i->options->endpoint);
  tool_json_set_string (builder, "repository", i->target->repository);
  tool_json_set_string (builder, "revision",
      i->target->revision ? i->target->revision : MAIN);
  tool_json_set_string (builder, "commit", i->file.commit);
  tool_json_set_string (builder, "file", i->weights);
  tool_json_set_string (builder, "sha256", i->file.sha256);
  tool_json_set_string (builder, "license", entry ? entry->license : NULL);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, TRUE);
  return g_file_set_contents (path, text, -1, error);
}

/* ---- into place -------------------------------------------------------- */

/* An older folder is swapped with the new one where the disk's format can do
 * that, else deleted first. */
static gboolean
put_in_place (Install * i, GError ** error)
{
  if (g_rename (i->part, i->final) == 0)
    return TRUE;
  if (renameat2 (AT_FDCWD, i->part, AT_FDCWD, i->final, RENAME_EXCHANGE) == 0) {
    clear_folder (i->part, NULL);
    return TRUE;
  }
  clear_folder (i->final, NULL);
  return g_rename (i->part, i->final) == 0
      || space_fail_write (error, i->final, errno, 0, -1);
}

static gboolean
check_and_finish (Install * i, GError ** error)
{
  g_autoptr (RexnetModel) model = load (i, error), labelled = NULL;

  return model && add_labels (i, model, error)
      && (labelled = load (i, error)) && write_source (i, error)
      && put_in_place (i, error);
}

/* With the lock. */
static char *
install (Install * i, GError ** error)
{
  g_autofree char *path = catalog_find_installed (i->options->folder,
      i->target);

  if (path && !i->options->force)
    return g_steal_pointer (&path);
  if (!look_up_weights (i, error)) {
    g_prefix_error (error, "%s: ", i->weights);
    return NULL;
  }
  if (!fetch_weights (i, error)) {
    keep_or_drop (i, error);
    return NULL;
  }
  if (!check_and_finish (i, error)) {
    clear_folder (i->part, NULL);
    return NULL;
  }
  return g_build_filename (i->final, i->weights, NULL);
}

static void
say_waiting (const char *path)
{
  tool_error (NULL, "another 'rexnet pull' holds %s; waiting for it", path);
}

char *
install_model (const InstallOptions * options, const CatalogTarget * target,
    GError ** error)
{
  g_autofree char *lock_name = g_strconcat (".", target->folder, ".lock", NULL);
  g_autofree char *part_name = g_strconcat (".", target->folder, ".part", NULL);
  g_autofree char *part = g_build_filename (options->folder, part_name, NULL);
  g_autofree char *final = g_build_filename (options->folder, target->folder,
      NULL);
  g_autofree char *lock_path = g_build_filename (options->folder, lock_name,
      NULL);
  Install i = { options, target, part, final };
  char *path;
  int lock;

  if (g_mkdir_with_parents (options->folder, 0777) != 0) {
    space_fail_write (error, options->folder, errno, 0, -1);
    return NULL;
  }
  lock = lock_take (lock_path, say_waiting, error);
  if (lock < 0)
    return NULL;
  path = install (&i, error);
  hub_file_clear (&i.file);
  lock_release (lock, lock_path);
  return path;
}
