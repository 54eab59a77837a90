/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rexnet pull: published weights from the Hugging Face Hub. */
#include <stdio.h>
#include <string.h>

#include "catalog.h"
#include "interrupt.h"
#include "tool.h"
#ifdef HAVE_CURL
#include "install.h"
#endif

#define HUB "https://huggingface.co"

static char *endpoint, *folder, *cacert, *revision;
static gboolean list, force, allow_http;

static const GOptionEntry entries[] = {
  {"list", 0, 0, G_OPTION_ARG_NONE, &list,
      "Show what can be fetched, and what is installed", NULL},
  {"json", 0, 0, G_OPTION_ARG_NONE, &tool_options.json,
      "With --list: print a line of JSON for each", NULL},
  {"folder", 0, 0, G_OPTION_ARG_FILENAME, &folder,
        "Where to install; the first folder of REXNET_MODEL_PATH if not given, "
      "else rexnet/models in the user's data folder", "FOLDER"},
  {"revision", 0, 0, G_OPTION_ARG_STRING, &revision,
        "A branch, tag or commit of the repository, installed as "
      "NAME@REVISION; main if not given", "REVISION"},
  {"force", 0, 0, G_OPTION_ARG_NONE, &force,
      "Fetch again what is installed", NULL},
  {"endpoint", 0, 0, G_OPTION_ARG_STRING, &endpoint,
      "The hub or a mirror; HF_ENDPOINT or " HUB " if not given", "URL"},
  {"cacert", 0, 0, G_OPTION_ARG_FILENAME, &cacert,
      "Certificates to trust; SSL_CERT_FILE or the system's if not given",
      "FILE"},
  {"timeout", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_count,
      "Seconds to wait for a silent server; 30 if not given", "S"},
  {"retries", 0, 0, G_OPTION_ARG_CALLBACK, tool_parse_count,
      "How often to go on after a broken connection; 5 if not given", "N"},
  {"allow-http", 0, 0, G_OPTION_ARG_NONE, &allow_http,
      "Let a mirror in a trusted network be http://", NULL},
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &tool_options.files,
      NULL, NULL},
  {NULL}
};

/* ---- the list ---------------------------------------------------------- */

static void
print_entry (const CatalogEntry * entry, const char *name, const char *path)
{
  printf ("%-35s %c  %-10s  %7u  %8.1f  %s\n", name,
      catalog_is_default (entry) ? '*' : ' ', entry->license, entry->classes,
      entry->megabytes, path ? "yes" : "");
}

static void
print_entry_json (const CatalogEntry * entry, const CatalogTarget * target,
    const char *path)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *shown = path ? g_filename_display_name (path) : NULL;

  json_builder_begin_object (builder);
  tool_json_set_string (builder, "name", target->folder);
  tool_json_set_string (builder, "repository", target->repository);
  json_builder_set_member_name (builder, "default");
  json_builder_add_boolean_value (builder, catalog_is_default (entry));
  tool_json_set_string (builder, "variant",
      rexnet_variant_to_string (entry->variant));
  tool_json_set_double (builder, "width", entry->width);
  tool_json_set_int (builder, "classes", entry->classes);
  tool_json_set_double (builder, "megabytes", entry->megabytes);
  tool_json_set_string (builder, "license", entry->license);
  tool_json_set_string (builder, "installed", shown);
  json_builder_end_object (builder);
  tool_print_json (json_builder_get_root (builder));
}

static int
print_list (void)
{
  guint n;
  const CatalogEntry *rows = catalog_list (&n);

  if (!tool_options.json)
    printf ("%-35s    %-10s  %7s  %8s  %s\n", "name", "licence", "classes",
        "MB", "installed");
  for (guint i = 0; i < n; i++) {
    g_autofree char *name = g_strconcat (rows[i].architecture, ".",
        rows[i].tag, NULL);
    g_auto (CatalogTarget) target = { 0 };
    g_autofree char *path = NULL;

    if (!catalog_resolve (name, &target, NULL))
      continue;
    path = catalog_find_installed (folder, &target);
    if (tool_options.json)
      print_entry_json (&rows[i], &target, path);
    else
      print_entry (&rows[i], name, path);
  }
  if (!tool_options.json)
    puts ("* is taken for the name without what follows the dot.");
  return TOOL_OK;
}

/* ---- fetching ---------------------------------------------------------- */

static gboolean
resolve (const char *name, CatalogTarget * target, GError ** error)
{
  return catalog_resolve (name, target, error) && (!revision
      || catalog_target_set_revision (target, revision, error));
}

#ifdef HAVE_CURL
/* Returns: (nullable): from the environment, without the space around it. */
static char *
get_token (GError ** error)
{
  const char *value = g_getenv ("HF_TOKEN");
  g_autofree char *token = g_strstrip (g_strdup (value ? value : ""));

  for (const char *c = token; *c; c++)
    if (!g_ascii_isgraph (*c)) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
          "HF_TOKEN holds what is no part of a token");
      return NULL;
    }
  return *token ? g_steal_pointer (&token) : NULL;
}

static gboolean
pull (const InstallOptions * options, const char *name, GError ** error)
{
  g_auto (CatalogTarget) target = { 0 };
  g_autofree char *path = NULL;

  if (!resolve (name, &target, error))
    return FALSE;
  path = install_model (options, &target, error);
  if (!path) {
    g_prefix_error (error, "%s: ", target.repository);
    return FALSE;
  }
  puts (path);
  return TRUE;
}

static int
pull_all (void)
{
  const char *trusted = g_getenv ("SSL_CERT_FILE");
  g_autoptr (GError) error = NULL;
  g_autofree char *token = get_token (&error);
  const HttpOptions http_options = {
    .hub = endpoint, .token = token, .allow_http = allow_http,
    .cacert = cacert ? cacert : trusted && *trusted ? trusted : NULL,
    .timeout = tool_options.timeout, .retries = tool_options.retries,
  };
  g_autoptr (Http) http = error ? NULL : http_new (&http_options, &error);
  const InstallOptions options = { http, endpoint, folder, force };
  int status = TOOL_OK;

  if (!http) {
    tool_error (NULL, "%s", error->message);
    return TOOL_FAILED;
  }
  tool_catch_signals ();
  for (char **name = tool_options.files; *name && !tool_interrupted (); name++)
    if (!pull (&options, *name, &error)) {
      tool_error (NULL, "%s", error->message);
      g_clear_error (&error);
      status = TOOL_FAILED;
    }
  if (tool_interrupted ())
    tool_die_of_signal ();
  return status;
}
#else
static int
pull_all (void)
{
  for (char **name = tool_options.files; *name; name++) {
    g_autoptr (GError) error = NULL;
    g_auto (CatalogTarget) target = { 0 };

    if (resolve (*name, &target, &error))
      tool_error (NULL, "this rexnet was built without libcurl: put %s and "
          "config.json of %s/%s%s%s into %s/%s", catalog_weight_files[0],
          endpoint, target.repository, target.revision ? "/tree/" : "",
          target.revision ? target.revision : "", folder, target.folder);
    else
      tool_error (NULL, "%s", error->message);
  }
  return TOOL_FAILED;
}
#endif

static void
set_defaults (void)
{
  const char *path = g_getenv ("REXNET_MODEL_PATH");
  const char *hub = g_getenv ("HF_ENDPOINT");
  g_auto (GStrv) own = g_strsplit (path ? path : "", G_SEARCHPATH_SEPARATOR_S,
      -1);

  if (!endpoint)
    endpoint = g_strdup (hub && *hub ? hub : HUB);
  while (g_str_has_suffix (endpoint, "/"))
    endpoint[strlen (endpoint) - 1] = '\0';
  for (char **first = own; *first && !folder; first++)
    if (**first)
      folder = g_strdup (*first);
  if (!folder)
    folder = g_build_filename (g_get_user_data_dir (), "rexnet", "models",
        NULL);
}

static int
run (void)
{
  if (list && tool_options.files)
    return tool_usage_error ("--list takes no NAME");
  if (list && revision)
    return tool_usage_error ("--revision goes with NAME, not with --list");
  if (!list && !tool_options.files)
    return tool_usage_error ("no NAME given; --list shows them");
  if (!list && tool_options.json)
    return tool_usage_error ("--json goes with --list");
  set_defaults ();
  return list ? print_list () : pull_all ();
}

const ToolCommand tool_pull = {
  .name = "pull",
  .arguments = "NAME...",
  .summary = "Fetch published weights from the Hugging Face Hub.",
  .description = "NAME is one of --list, with or without what follows the dot, "
      "or OWNER/REPOSITORY.\nWhat arrives is checked against the hub's SHA-256 "
      "and installed where --model NAME\nfinds it; a fetch that broke goes on "
      "where it stopped.",
  .entries = {entries},
  .run = run,
};
