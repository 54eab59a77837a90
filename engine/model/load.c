/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "fail.h"
#include "family.h"
#include "files.h"
#include "load.h"
#include "model.h"
#include "rexnet-models.h"
#include "safetensors.h"
#include "torch.h"

#define MAX_CONFIG (8 << 20)
#define DEFAULT_MODEL "/rexnet/default.safetensors"

gboolean
rexnet_state_dict_read (RexnetStateDict * dict, GBytes * bytes, GError ** error)
{
  if (rexnet_safetensors_matches (bytes))
    return rexnet_safetensors_read (dict, bytes, error);
  if (rexnet_torch_zip_matches (bytes))
    return rexnet_torch_zip_read (dict, bytes, error);
  if (rexnet_torch_legacy_matches (bytes))
    return rexnet_torch_legacy_read (dict, bytes, error);
  return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
      "%s: is neither a safetensors file nor one of PyTorch's",
      dict->source);
}

/* Settings and labels that the file itself carries. */
static gboolean
read_own_settings (RexnetStateDict * dict, RexnetSettings * settings,
    GError ** error)
{
  g_autofree char *where = NULL;

  if (dict->settings) {
    where = g_strdup_printf ("%s: rexnet.settings", dict->source);
    if (!rexnet_settings_parse (settings, dict->settings, where, error))
      return FALSE;
  }
  if (dict->labels) {
    g_free (where);
    where = g_strdup_printf ("%s: rexnet.labels", dict->source);
    if (!rexnet_settings_parse_labels (settings, dict->labels, where, error))
      return FALSE;
  }
  return TRUE;
}

/* Of rexnet_model_list_files(), in this order. */
enum
{
  FILE_MODEL,
  FILE_CONFIG,
  FILE_LABELS
};

/* timm's config.json, as the Hugging Face hub keeps it beside the weights. */
static gboolean
read_config (const char *path, RexnetSettings * settings, GError ** error)
{
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  return rexnet_file_read (path, MAX_CONFIG, &text, &length, error)
      && rexnet_settings_parse_timm (settings, text, length, path, error);
}

/* The first of @paths that there is. */
static gboolean
read_label_file (char **paths, RexnetSettings * settings, GError ** error)
{
  for (; *paths && !settings->labels; paths++) {
    if (!g_file_test (*paths, G_FILE_TEST_EXISTS))
      continue;
    if (!(settings->labels = rexnet_labels_read (*paths, error)))
      return FALSE;
    settings->labels_from = g_filename_display_name (*paths);
  }
  return TRUE;
}

/* The name of the file at @path without its extension. */
static char *
stem_of (const char *path)
{
  char *stem = g_path_get_basename (path);
  char *dot = strrchr (stem, '.');

  if (dot && dot != stem)
    *dot = '\0';
  return stem;
}

char **
rexnet_model_list_files (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *stem = stem_of (path);
  g_autofree char *labels = g_strconcat (stem, ".labels.txt", NULL);
  char **files = g_new0 (char *, FILE_LABELS + 3);

  files[FILE_MODEL] = g_strdup (path);
  files[FILE_CONFIG] = g_build_filename (folder, "config.json", NULL);
  files[FILE_LABELS] = g_build_filename (folder, labels, NULL);
  files[FILE_LABELS + 1] = g_build_filename (folder, "labels.txt", NULL);
  return files;
}

/* The file's name without its extension; of a hub's model.safetensors or
 * pytorch_model.bin, the folder's. */
static char *
name_of (const char *path)
{
  g_autofree char *stem = stem_of (path), *folder = NULL, *canonical = NULL;

  if (strcmp (stem, "model") != 0 && strcmp (stem, "pytorch_model") != 0)
    return g_filename_display_name (stem);
  folder = g_path_get_dirname (path);
  canonical = g_canonicalize_filename (folder, NULL);
  return g_filename_display_basename (canonical);
}

/* @path: (nullable): where files beside the model are looked for */
static RexnetModel *
load (RexnetStateDict * dict, GBytes * bytes, const char *path,
    GError ** error)
{
  g_auto (RexnetSettings) settings;
  g_auto (GStrv) files = path ? rexnet_model_list_files (path) : NULL;
  const RexnetFamily *family;

  rexnet_settings_init (&settings);
  if (!rexnet_state_dict_read (dict, bytes, error))
    return NULL;
  family = rexnet_family_of (dict);
  if (family && family->defaults)
    family->defaults (dict, &settings.input);
  if (!read_own_settings (dict, &settings, error))
    return NULL;
  if (path) {
    if ((!dict->settings && !read_config (files[FILE_CONFIG], &settings, error))
        || !read_label_file (files + FILE_LABELS, &settings, error))
      return NULL;
    if (!settings.name)
      settings.name = name_of (path);
    if (!dict->settings && rexnet_name_is_tensorflow (settings.name))
      rexnet_settings_set_tensorflow (&settings);
  }
  if (!settings.name)
    settings.name = g_strdup (dict->source);
  return rexnet_model_new (dict, &settings, error);
}

RexnetModel *
rexnet_model_load (const char *path, GError ** error)
{
  g_autofree char *display = g_filename_display_name (path);
  g_autoptr (RexnetStateDict) dict = rexnet_state_dict_new (display);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) cause = NULL;

  if (!rexnet_file_check (path, error))
    return NULL;
  if (!(dict->mapped = g_mapped_file_new (path, FALSE, &cause))) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_NOT_FOUND, "%s",
        cause->message);
    return NULL;
  }
  bytes = g_mapped_file_get_bytes (dict->mapped);
  return load (dict, bytes, path, error);
}

RexnetModel *
rexnet_model_load_bytes (GBytes * bytes, const char *name, GError ** error)
{
  g_autoptr (RexnetStateDict) dict = rexnet_state_dict_new (name);

  return load (dict, bytes, NULL, error);
}

RexnetModel *
rexnet_model_load_default (GError ** error)
{
  g_autoptr (GBytes) bytes = g_resource_lookup_data
      (rexnet_models_get_resource (), DEFAULT_MODEL,
      G_RESOURCE_LOOKUP_FLAGS_NONE, error);

  return bytes ? rexnet_model_load_bytes (bytes, "the default model", error)
      : NULL;
}
