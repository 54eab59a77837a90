/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where models of a variant and width lie; docs/model-formats.md lists it. */
#include <math.h>
#include <string.h>

#include "channels.h"
#include "efficientnet.h"

/* %W is the multiplier as in "1.0", %P its hundredfold as in "100", %N the
 * number of the EfficientNet that has it. A name with a star stands for any
 * that it matches, the first in sorted order. */
static const char *const rexnet_names[] = {
  "rexnet-%W.safetensors", "rexnet-%W-*.safetensors",
  "rexnetv1_%W.pth", "rexnetv1_%Wx.pth", "rexnet_%W.pth",
  "rexnet_%P.safetensors", "rexnet_%P.pth", "rexnet_%P.bin",
  "rexnet_%P.*.safetensors",
  "rexnet_%P.nav_in1k/model.safetensors",
  "rexnet_%P.nav_in1k/pytorch_model.bin",
  "rexnet_%P-*.pth", "rexnet_%P.*/model.safetensors",
  NULL
};

static const char *const lite_names[] = {
  "rexnet-lite-%W.safetensors", "rexnet-lite-%W-*.safetensors",
  "rexnet_lite_%W.pth", "rexnet_lite_%Wx.pth", "rexnetv1_lite_%W.pth",
  NULL
};

static const char *const rexnetr_names[] = {
  "rexnetr-%W.safetensors", "rexnetr-%W-*.safetensors",
  "rexnetr_%P.safetensors", "rexnetr_%P.pth", "rexnetr_%P.bin",
  "rexnetr_%P.*.safetensors",
  "rexnetr_%P.sw_in12k_ft_in1k/model.safetensors",
  "rexnetr_%P.sw_in12k_ft_in1k/pytorch_model.bin",
  "rexnetr_%P-*.pth", "rexnetr_%P.*/model.safetensors",
  NULL
};

static const char *const efficientnet_names[] = {
  "efficientnet-%W.safetensors", "efficientnet-%W-*.safetensors",
  "efficientnet_b%N.safetensors", "efficientnet_b%N.pth",
  "efficientnet_b%N.bin", "efficientnet_b%N.*.safetensors",
  "efficientnet_b%N.*/model.safetensors",
  "efficientnet_b%N.*/pytorch_model.bin",
  "efficientnet_b%N_*.pth", "efficientnet_b%N-*.pth",
  "efficientnet-b%N-*.pth", "efficientnet-b%N.pth",
  "tf_efficientnet_b%N.*/model.safetensors",
  NULL
};

static const char *const efficientnet_lite_names[] = {
  "efficientnet-lite-%W.safetensors", "efficientnet-lite-%W-*.safetensors",
  "efficientnet_lite%N.safetensors", "efficientnet_lite%N.pth",
  "efficientnet_lite%N.bin", "efficientnet_lite%N.*.safetensors",
  "efficientnet_lite%N.*/model.safetensors",
  "efficientnet_lite%N.*/pytorch_model.bin",
  "efficientnet_lite%N_*.pth", "efficientnet_lite%N-*.pth",
  "efficientnet-lite%N-*.pth", "efficientnet-lite%N.pth",
  "tf_efficientnet_lite%N.*/model.safetensors",
  NULL
};

/* %S is what a model was asked for by, up to the @ before a revision, and %R
 * the rest. timm's default tags come first. */
static const char *const named_names[] = {
  "%S%R", "%S%R.safetensors", "%S%R.pth", "%S%R.bin",
  "%S%R/model.safetensors", "%S%R/pytorch_model.bin",
  "%S.nav_in1k%R/model.safetensors", "%S.sw_in12k_ft_in1k%R/model.safetensors",
  "%S.ra_in1k%R/model.safetensors", "%S.ra2_in1k%R/model.safetensors",
  "%S.ra4_e3600_r240_in1k%R/model.safetensors",
  "%S.ns_jft_in1k%R/model.safetensors", "%S.in1k%R/model.safetensors",
  "%S.*%R/model.safetensors", "%S.*%R/pytorch_model.bin", "%S.*%R.safetensors",
  "%S-*%R.pth",
  NULL
};

/* By variant. */
static const char *const *const names[] = {
  rexnet_names, lite_names, rexnetr_names, efficientnet_names,
  efficientnet_lite_names
};

static GPtrArray *
search_folders (void)
{
  GPtrArray *folders = g_ptr_array_new_with_free_func (g_free);
  const char *path = g_getenv ("REXNET_MODEL_PATH");
  g_auto (GStrv) own = g_strsplit (path ? path : "", G_SEARCHPATH_SEPARATOR_S,
      -1);

  for (char **folder = own; *folder; folder++)
    if (**folder)
      g_ptr_array_add (folders, g_strdup (*folder));
  g_ptr_array_add (folders, g_build_filename (g_get_user_data_dir (), "rexnet",
          "models", NULL));
  for (const char *const *dir = g_get_system_data_dirs (); *dir; dir++)
    g_ptr_array_add (folders, g_build_filename (*dir, "rexnet", "models",
            NULL));
  return folders;
}

/* "0" of B0 or Lite0; of those with one width the shallowest. NULL: none has
 * it. */
static const char *
efficientnet_number (double width)
{
  const RexnetEfficientnet *net = rexnet_efficientnet_of_width (FALSE, width);

  if (net)
    return net->name + strlen (net->name) - 1;
  return width ? NULL : "*";
}

/* @pattern with what follows each % filled in; "*" for any width.
 * @spelling: (nullable): of a model that was asked for by name, may end in
 *   @REVISION */
static char *
expand (const char *pattern, const char *spelling, double width)
{
  g_autofree char *number = width ? rexnet_width_to_string (width)
      : g_strdup ("*");
  g_autofree char *percent = width ?
      g_strdup_printf ("%03.0f", rint (width * 100)) : g_strdup ("*");
  const char *number_of = efficientnet_number (width);
  GString *name = g_string_new (pattern);

  g_string_replace (name, "%W", number, 0);
  g_string_replace (name, "%P", percent, 0);
  if (number_of)
    g_string_replace (name, "%N", number_of, 0);
  if (spelling) {
    g_auto (GStrv) parts = g_strsplit (spelling, "@", 2);
    g_autofree char *revision = parts[1] ? g_strconcat ("@", parts[1], NULL)
        : g_strdup ("");

    g_string_replace (name, "%S", parts[0], 0);
    g_string_replace (name, "%R", revision, 0);
  }
  return g_string_free (name, FALSE);
}

static gboolean
is_file (const char *path)
{
  return g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

/* The first file in @folder that @name, which may hold stars, fits. A star does
 * not stand for a revision that a folder's name ends in. */
static char *
find_matching (const char *folder, const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, "/", 2);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gboolean pinned = !parts[1] || strchr (parts[0], '@');
  g_autofree char *best = NULL;
  const char *entry;

  while (dir && (entry = g_dir_read_name (dir))) {
    g_autofree char *path = g_build_filename (folder, entry, parts[1], NULL);

    if (g_pattern_match_simple (parts[0], entry) && is_file (path)
        && (pinned || !strchr (entry, '@'))
        && (!best || strcmp (path, best) < 0)) {
      g_free (best);
      best = g_steal_pointer (&path);
    }
  }
  return g_steal_pointer (&best);
}

static char *
find_in_folder (const char *folder, const char *const *patterns,
    const char *spelling, double width)
{
  for (; *patterns; patterns++) {
    g_autofree char *name = expand (*patterns, spelling, width);
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (strstr (name, "%N"))
      continue;
    if (strchr (name, '*')) {
      char *found = find_matching (folder, name);
      if (found)
        return found;
    } else if (is_file (path)) {
      return g_steal_pointer (&path);
    }
  }
  return NULL;
}

static char *
join_folders (GPtrArray * folders)
{
  g_ptr_array_add (folders, NULL);
  return g_strjoinv (", ", (char **) folders->pdata);
}

static void
set_not_found (GError ** error, RexnetVariant variant, double width,
    GPtrArray * folders)
{
  const char *variant_name = rexnet_variant_to_string (variant);
  g_autofree char *number = width ? rexnet_width_to_string (width)
      : g_strdup ("any");
  g_autofree char *example = expand (names[variant][0], NULL,
      width ? width : 1);
  g_autofree char *where = join_folders (folders);

  g_set_error (error, REXNET_ERROR, REXNET_ERROR_NOT_FOUND,
      "no model of variant %s and width %s in %s: put %s, or the published "
      "weights under their own name, into one of these folders, or set "
      "REXNET_MODEL_PATH%s", variant_name, number, where, example,
      variant == REXNET_VARIANT_REXNET_LITE ? ""
      : "; 'rexnet pull --list' names weights to fetch");
}

char *
rexnet_model_find (RexnetVariant variant, double width, GError ** error)
{
  g_autoptr (GPtrArray) folders = NULL;

  if (variant >= G_N_ELEMENTS (names) || !(width >= 0 && width <= 100)) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
        "no model has variant %d and the width multiplier %g", variant, width);
    return NULL;
  }
  folders = search_folders ();
  for (guint i = 0; i < folders->len; i++) {
    char *path = find_in_folder (folders->pdata[i], names[variant], NULL,
        width);

    if (path)
      return path;
  }
  set_not_found (error, variant, width, folders);
  return NULL;
}

static char *
find_spelling (GPtrArray * folders, const char *spelling)
{
  char *path = NULL;

  for (guint i = 0; i < folders->len && !path; i++)
    path = find_in_folder (folders->pdata[i], named_names, spelling, 0);
  return path;
}

/* @name as it is, as timm writes it, and as timm calls its ports. */
static char *
find_name (GPtrArray * folders, const char *name)
{
  const char *revision = name + strcspn (name, "@");
  g_autofree char *bare = g_strndup (name, revision - name);
  g_autofree char *timm =
      g_strconcat (g_strdelimit (bare, "-", '_'), revision, NULL);
  g_autofree char *ported = g_strconcat ("tf_", timm, NULL);
  char *path = find_spelling (folders, name);

  if (!path && strcmp (timm, name) != 0)
    path = find_spelling (folders, timm);
  return path ? path : find_spelling (folders, ported);
}

static void
set_no_name (GError ** error, const char *name, GPtrArray * folders)
{
  g_autofree char *where = join_folders (folders);
  g_autofree char *shown = g_filename_display_name (name);
  g_auto (GStrv) parts = g_strsplit (shown, "@", 2);
  g_autofree char *option = parts[0] && parts[1] ?
      g_strconcat ("--revision ", g_strdelimit (parts[1], ":", '/'), " ", NULL)
      : g_strdup ("");

  g_set_error (error, REXNET_ERROR, REXNET_ERROR_NOT_FOUND,
      "%s: no such file here, and no model of that name in %s; "
      "'rexnet pull %s%s' fetches published weights, 'rexnet pull --list' "
      "names them", shown, where, option, parts[0] ? parts[0] : "");
}

char *
rexnet_model_find_named (const char *name, GError ** error)
{
  g_autoptr (GPtrArray) folders = NULL;
  char *path;

  if (strchr (name, '/') || is_file (name))
    return g_strdup (name);
  folders = search_folders ();
  if (*name && *name != '.' && !strpbrk (name, "*?%")
      && (path = find_name (folders, name)))
    return path;
  if (g_file_test (name, G_FILE_TEST_EXISTS))
    return g_strdup (name);
  set_no_name (error, name, folders);
  return NULL;
}
