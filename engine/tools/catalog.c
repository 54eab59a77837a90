/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "catalog.h"

#define MAX_NAME 96             /* the hub's limit */
#define MAX_REVISION 96

static const CatalogEntry entries[] = {
  {"rexnet_100", "nav_in1k", "mit",
      REXNET_VARIANT_REXNET, 1.0, 1000, 19.4},
  {"rexnet_130", "nav_in1k", "mit",
      REXNET_VARIANT_REXNET, 1.3, 1000, 30.5},
  {"rexnet_150", "nav_in1k", "mit",
      REXNET_VARIANT_REXNET, 1.5, 1000, 39.2},
  {"rexnet_200", "nav_in1k", "mit",
      REXNET_VARIANT_REXNET, 2.0, 1000, 65.8},
  {"rexnet_300", "nav_in1k", "mit",
      REXNET_VARIANT_REXNET, 3.0, 1000, 139.4},
  {"rexnetr_200", "sw_in12k_ft_in1k", "apache-2.0",
      REXNET_VARIANT_REXNETR, 2.0, 1000, 66.5},
  {"rexnetr_200", "sw_in12k", "apache-2.0",
      REXNET_VARIANT_REXNETR, 2.0, 11821, 177.3},
  {"rexnetr_300", "sw_in12k_ft_in1k", "apache-2.0",
      REXNET_VARIANT_REXNETR, 3.0, 1000, 139.8},
  {"rexnetr_300", "sw_in12k", "apache-2.0",
      REXNET_VARIANT_REXNETR, 3.0, 11821, 306.0},
  {"efficientnet_b0", "ra_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.0, 1000, 21.4},
  {"efficientnet_b0", "ra4_e3600_r224_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.0, 1000, 21.4},
  {"efficientnet_b1", "ra4_e3600_r240_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.0, 1000, 31.5},
  {"efficientnet_b1", "ft_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.0, 1000, 31.5},
  {"efficientnet_b2", "ra_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.1, 1000, 36.8},
  {"efficientnet_b3", "ra2_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.2, 1000, 49.3},
  {"efficientnet_b1_pruned", "in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.0, 1000, 25.6},
  {"efficientnet_b2_pruned", "in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.1, 1000, 33.5},
  {"efficientnet_b3_pruned", "in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.2, 1000, 39.7},
  {"tf_efficientnet_b0", "ns_jft_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.0, 1000, 21.4},
  {"tf_efficientnet_b0", "aa_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.0, 1000, 21.4},
  {"tf_efficientnet_b0", "ap_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.0, 1000, 21.4},
  {"tf_efficientnet_b0", "in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.0, 1000, 21.4},
  {"tf_efficientnet_b1", "ns_jft_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.0, 1000, 31.5},
  {"tf_efficientnet_b1", "aa_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.0, 1000, 31.5},
  {"tf_efficientnet_b1", "ap_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.0, 1000, 31.5},
  {"tf_efficientnet_b1", "in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.0, 1000, 31.5},
  {"tf_efficientnet_b2", "ns_jft_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.1, 1000, 36.8},
  {"tf_efficientnet_b2", "aa_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.1, 1000, 36.8},
  {"tf_efficientnet_b2", "ap_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.1, 1000, 36.8},
  {"tf_efficientnet_b2", "in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.1, 1000, 36.8},
  {"tf_efficientnet_b3", "ns_jft_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.2, 1000, 49.3},
  {"tf_efficientnet_b3", "aa_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.2, 1000, 49.3},
  {"tf_efficientnet_b3", "ap_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.2, 1000, 49.3},
  {"tf_efficientnet_b3", "in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET, 1.2, 1000, 49.3},
  {"efficientnet_lite0", "ra_in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET_LITE, 1.0, 1000, 18.8},
  {"tf_efficientnet_lite0", "in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET_LITE, 1.0, 1000, 18.8},
  {"tf_efficientnet_lite1", "in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET_LITE, 1.0, 1000, 21.9},
  {"tf_efficientnet_lite2", "in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET_LITE, 1.1, 1000, 24.6},
  {"tf_efficientnet_lite3", "in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET_LITE, 1.2, 1000, 33.1},
  {"tf_efficientnet_lite4", "in1k", "apache-2.0",
      REXNET_VARIANT_EFFICIENTNET_LITE, 1.4, 1000, 52.5},
};

const CatalogEntry *
catalog_list (guint * n)
{
  *n = G_N_ELEMENTS (entries);
  return entries;
}

gboolean
catalog_is_default (const CatalogEntry * entry)
{
  return entry == entries
      || strcmp (entry->architecture, entry[-1].architecture) != 0;
}

/* @tag: NULL for the default one. Returns: (nullable). */
static const CatalogEntry *
find (const char *architecture, const char *tag)
{
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    if (strcmp (entries[i].architecture, architecture) == 0
        && (!tag || strcmp (entries[i].tag, tag) == 0))
      return &entries[i];
  return NULL;
}

static gboolean
check_name (const char *name, GError ** error)
{
  static const char allowed[] = "0123456789-_."
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

  const gsize length = strlen (name);

  if (g_ascii_isalnum (*name) && length <= MAX_NAME && !strstr (name, "..")
      && strspn (name, allowed) == length && !strchr ("-.", name[length - 1]))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
      "'%s' is no name of a model: it begins with a letter or digit, goes on "
      "with those and -_., and does not end in - or .", name);
  return FALSE;
}

/* The hub's own repository names do not have "--". */
static gboolean
resolve_repository (char **parts, CatalogTarget * target, GError ** error)
{
  if (!check_name (parts[0], error) || !check_name (parts[1], error))
    return FALSE;
  target->repository = g_strjoinv ("/", parts);
  target->folder = g_strjoinv ("--", parts);
  return TRUE;
}

static gboolean
resolve_listed (const char *name, CatalogTarget * target)
{
  g_auto (GStrv) parts = g_strsplit (name, ".", 2);
  g_autofree char *ported = NULL;
  const char *tag = parts[1], *architecture;

  g_strdelimit (parts[0], "-", '_');
  ported = g_strconcat ("tf_", parts[0], NULL);
  architecture = !find (parts[0], NULL) && find (ported, NULL) ? ported
      : parts[0];
  if (!find (architecture, NULL))
    return FALSE;
  target->entry = find (architecture, tag);
  target->folder = g_strconcat (architecture, ".",
      tag ? tag : target->entry->tag, NULL);
  target->repository = g_strconcat ("timm/", target->folder, NULL);
  return TRUE;
}

static void
set_unknown (GError ** error, const char *name)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
      "'%s' is not among the weights that are known: 'rexnet pull --list' "
      "names them; OWNER/REPOSITORY takes others from the hub", name);
}

gboolean
catalog_resolve (const char *name, CatalogTarget * target, GError ** error)
{
  g_auto (GStrv) parts = g_strsplit (name, "/", -1);
  const gboolean owned = g_strv_length (parts) == 2;
  const gboolean timm = owned && strcmp (parts[0], "timm") == 0;
  const char *bare = timm ? parts[1] : name;

  *target = (CatalogTarget) { 0 };
  if (owned && !timm)
    return resolve_repository (parts, target, error);
  if (!check_name (bare, error))
    return FALSE;
  if (resolve_listed (bare, target))
    return TRUE;
  if (timm)
    return resolve_repository (parts, target, error);
  set_unknown (error, name);
  return FALSE;
}

/* As git-check-ref-format(1) has it, and no %. */
static gboolean
is_revision (const char *text)
{
  const gsize length = strlen (text);

  for (const char *c = text; *c; c++)
    if (!g_ascii_isgraph (*c) || strchr ("~^:?*[\\%", *c)
        || (strchr ("/.", *c) && (c == text || strchr ("/.", c[1]))))
      return FALSE;
  return length > 0 && length <= MAX_REVISION && *text != '-'
      && strcmp (text, "@") != 0 && !strstr (text, "@{")
      && !g_str_has_suffix (text, ".lock") && !strstr (text, ".lock/");
}

gboolean
catalog_target_set_revision (CatalogTarget * target, const char *revision,
    GError ** error)
{
  g_autofree char *suffix = NULL, *folder = NULL;

  if (!is_revision (revision)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "'%s' is no name of a branch, tag or commit", revision);
    return FALSE;
  }
  if (strcmp (revision, "main") == 0)
    return TRUE;
  folder = target->folder;
  suffix = g_strdelimit (g_strdup (revision), "/", ':');
  target->revision = g_strdup (revision);
  target->folder = g_strconcat (folder, "@", suffix, NULL);
  return TRUE;
}

void
catalog_target_clear (CatalogTarget * target)
{
  g_clear_pointer (&target->revision, g_free);
  g_clear_pointer (&target->repository, g_free);
  g_clear_pointer (&target->folder, g_free);
}

const char *const catalog_weight_files[] = {
  "model.safetensors", "pytorch_model.bin", NULL
};

char *
catalog_find_installed (const char *folder, const CatalogTarget * target)
{
  for (const char *const *name = catalog_weight_files; *name; name++) {
    g_autofree char *path = g_build_filename (folder, target->folder, *name,
        NULL);

    if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
      return g_steal_pointer (&path);
  }
  return NULL;
}
