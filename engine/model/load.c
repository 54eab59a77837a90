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

/* timm's config.json, as the Hugging Face hub keeps it beside the weights. */
static gboolean
read_config (const char *folder, RexnetSettings * settings, GError ** error)
{
  g_autofree char *path = g_build_filename (folder, "config.json", NULL);
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  return rexnet_file_read (path, MAX_CONFIG, &text, &length, error)
      && rexnet_settings_parse_timm (settings, text, length, path, error);
}

/* MODEL.labels.txt, else labels.txt in the same folder. */
static gboolean
read_label_file (const char *folder, const char *stem,
    RexnetSettings * settings, GError ** error)
{
  g_autofree char *own = g_strdup_printf ("%s.labels.txt", stem);
  const char *names[] = { own, "labels.txt" };

  for (guint i = 0; i < G_N_ELEMENTS (names) && !settings->labels; i++) {
    g_autofree char *path = g_build_filename (folder, names[i], NULL);

    if (!g_file_test (path, G_FILE_TEST_EXISTS))
      continue;
    if (!(settings->labels = rexnet_labels_read (path, error)))
      return FALSE;
    settings->labels_from = g_filename_display_name (path);
  }
  return TRUE;
}

/* The file's name without its extension; of a hub's model.safetensors or
 * pytorch_model.bin, the folder's. */
static char *
name_of (const char *folder, const char *stem)
{
  g_autofree char *canonical = NULL;

  if (strcmp (stem, "model") != 0 && strcmp (stem, "pytorch_model") != 0)
    return g_filename_display_name (stem);
  canonical = g_canonicalize_filename (folder, NULL);
  return g_filename_display_basename (canonical);
}

/* @path: (nullable): where files beside the model are looked for */
static RexnetModel *
load (RexnetStateDict * dict, GBytes * bytes, const char *path,
    GError ** error)
{
  g_auto (RexnetSettings) settings;
  g_autofree char *folder = NULL, *stem = NULL;
  const RexnetFamily *family;
  char *dot;

  rexnet_settings_init (&settings);
  if (!rexnet_state_dict_read (dict, bytes, error))
    return NULL;
  family = rexnet_family_of (dict);
  if (family && family->defaults)
    family->defaults (dict, &settings.input);
  if (!read_own_settings (dict, &settings, error))
    return NULL;
  if (path) {
    folder = g_path_get_dirname (path);
    stem = g_path_get_basename (path);
    if ((dot = strrchr (stem, '.')) && dot != stem)
      *dot = '\0';
    if ((!dict->settings && !read_config (folder, &settings, error))
        || (!settings.labels
            && !read_label_file (folder, stem, &settings, error)))
      return NULL;
    if (!settings.name)
      settings.name = name_of (folder, stem);
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
