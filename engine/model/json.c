/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "fail.h"
#include "json.h"

/* json-glib recurses; nothing that is read here nests deeper than this. */
#define MAX_DEPTH 32

static gboolean
is_shallow (const char *text, gsize length)
{
  gboolean in_string = FALSE;
  gint depth = 0;

  for (gsize i = 0; i < length; i++) {
    const char c = text[i];

    if (in_string) {
      if (c == '\\')
        i++;
      else if (c == '"')
        in_string = FALSE;
    } else if (c == '"') {
      in_string = TRUE;
    } else if (c == '{' || c == '[') {
      if (++depth > MAX_DEPTH)
        return FALSE;
    } else if (c == '}' || c == ']') {
      depth--;
    }
  }
  return TRUE;
}

JsonNode *
rexnet_json_parse (const char *text, gsize length, const char *where,
    GError ** error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) cause = NULL;
  JsonNode *root;

  if (!is_shallow (text, length)) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT,
        "%s: JSON nested deeper than %d", where, MAX_DEPTH);
    return NULL;
  }
  /* json-glib 1.6 takes a NUL for the end of the text */
  if (!g_utf8_validate_len (text, length, NULL)) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT,
        "%s: JSON that is no UTF-8 text", where);
    return NULL;
  }
  if (!json_parser_load_from_data (parser, text, length, &cause)) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT,
        "%s: invalid JSON: %s", where, cause->message);
    return NULL;
  }
  if (!(root = json_parser_steal_root (parser)))
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT, "%s: empty JSON",
        where);
  return root;
}

JsonNode *
rexnet_json_parse_typed (const char *text, gsize length, JsonNodeType type,
    const char *where, GError ** error)
{
  g_autoptr (JsonNode) root = rexnet_json_parse (text, length, where, error);

  if (!root)
    return NULL;
  if (json_node_get_node_type (root) != type) {
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT,
        "%s: must be a JSON %s", where,
        type == JSON_NODE_ARRAY ? "array" : "object");
    return NULL;
  }
  return g_steal_pointer (&root);
}

/* Whether @member is there; null counts as absent. */
static JsonNode *
present (JsonObject * object, const char *member)
{
  JsonNode *node = json_object_get_member (object, member);

  return node && !JSON_NODE_HOLDS_NULL (node) ? node : NULL;
}

gboolean
rexnet_json_get_string (JsonObject * object, const char *member,
    const char **value, const char *where, GError ** error)
{
  JsonNode *node = present (object, member);

  if (!node)
    return TRUE;
  if (json_node_get_value_type (node) == G_TYPE_STRING) {
    *value = json_node_get_string (node);
    return TRUE;
  }
  return rexnet_fail (error, REXNET_ERROR_CORRUPT,
      "%s: \"%s\" must be a string", where, member);
}

static gboolean
is_number (JsonNode * node)
{
  GType type = json_node_get_value_type (node);

  return JSON_NODE_HOLDS_VALUE (node)
      && (type == G_TYPE_DOUBLE || type == G_TYPE_INT64);
}

static gboolean
number_in_range (JsonNode * node, double low, double high, double *value)
{
  if (!is_number (node))
    return FALSE;
  *value = json_node_get_double (node);
  return *value >= low && *value <= high;
}

gboolean
rexnet_json_get_number (JsonObject * object, const char *member, double low,
    double high, double *value, const char *where, GError ** error)
{
  JsonNode *node = present (object, member);

  if (!node || number_in_range (node, low, high, value))
    return TRUE;
  return rexnet_fail (error, REXNET_ERROR_CORRUPT,
      "%s: \"%s\" must be a number between %g and %g", where, member, low,
      high);
}

gboolean
rexnet_json_get_guint (JsonObject * object, const char *member, guint low,
    guint high, guint * value, const char *where, GError ** error)
{
  JsonNode *node = present (object, member);
  double number;

  if (!node)
    return TRUE;
  if (number_in_range (node, low, high, &number)
      && number == (guint) number) {
    *value = number;
    return TRUE;
  }
  return rexnet_fail (error, REXNET_ERROR_CORRUPT,
      "%s: \"%s\" must be a whole number between %u and %u", where, member,
      low, high);
}

gboolean
rexnet_json_get_numbers (JsonObject * object, const char *member, guint n,
    double low, double high, double *values, const char *where, GError ** error)
{
  JsonNode *node = present (object, member);
  JsonArray *array = NULL;
  gboolean ok;

  if (!node)
    return TRUE;
  if (JSON_NODE_HOLDS_ARRAY (node))
    array = json_node_get_array (node);
  ok = array && json_array_get_length (array) == n;
  for (guint i = 0; ok && i < n; i++)
    ok = number_in_range (json_array_get_element (array, i), low, high,
        &values[i]);
  if (!ok)
    g_set_error (error, REXNET_ERROR, REXNET_ERROR_CORRUPT,
        "%s: \"%s\" must be %u numbers between %g and %g", where, member, n,
        low, high);
  return ok;
}

gint64
rexnet_json_array_get_size (JsonArray * array, guint index)
{
  JsonNode *node = json_array_get_element (array, index);

  if (json_node_get_value_type (node) != G_TYPE_INT64)
    return -1;
  return MAX (json_node_get_int (node), -1);
}

char **
rexnet_json_array_get_strings (JsonArray * array)
{
  g_autoptr (GPtrArray) strings = g_ptr_array_new_with_free_func (g_free);
  guint n = json_array_get_length (array);

  for (guint i = 0; i < n; i++) {
    JsonNode *node = json_array_get_element (array, i);

    if (json_node_get_value_type (node) != G_TYPE_STRING)
      return NULL;
    g_ptr_array_add (strings, g_strdup (json_node_get_string (node)));
  }
  g_ptr_array_add (strings, NULL);
  return (char **) g_ptr_array_steal (strings, NULL);
}
