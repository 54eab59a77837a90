/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading JSON that nobody vouches for. @where: "FILE: rexnet.settings". */
#pragma once

#include <json-glib/json-glib.h>
#include <rexnet/rexnet.h>

/* Parses @length bytes, refusing deep nesting. Returns: (transfer full). */
JsonNode *rexnet_json_parse (const char *text, gsize length, const char *where,
    GError ** error);

/* As above, for what must be an object or an array at the top. */
JsonNode *rexnet_json_parse_typed (const char *text, gsize length,
    JsonNodeType type, const char *where, GError ** error);

/*
 * Members of @object that may be absent: *@value then stays as it is.
 * FALSE with an error when the member has another type or leaves its range.
 */
gboolean rexnet_json_get_string (JsonObject * object, const char *member,
    const char **value, const char *where, GError ** error);
gboolean rexnet_json_get_number (JsonObject * object, const char *member,
    double low, double high, double *value, const char *where, GError ** error);
gboolean rexnet_json_get_guint (JsonObject * object, const char *member,
    guint low, guint high, guint * value, const char *where, GError ** error);
/* Exactly @n numbers. */
gboolean rexnet_json_get_numbers (JsonObject * object, const char *member,
    guint n, double low, double high, double *values, const char *where,
    GError ** error);

/* Whole number at @index of @array, in [0, G_MAXINT64], or -1. */
gint64 rexnet_json_array_get_size (JsonArray * array, guint index);

/* Returns: (transfer full) (nullable): the strings of @array; NULL when an
 * element is none. */
char **rexnet_json_array_get_strings (JsonArray * array);
