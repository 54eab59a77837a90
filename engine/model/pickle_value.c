/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "pickle.h"

guint
rexnet_pickle_n_items (const RexnetPickleValue * value)
{
  return value->items ? value->items->len : 0;
}

RexnetPickleValue *
rexnet_pickle_item (const RexnetPickleValue * value, guint index)
{
  return g_ptr_array_index (value->items, index);
}

static gboolean
text_equals (const char *text, gsize length, const char *expected)
{
  return length == strlen (expected) && memcmp (text, expected, length) == 0;
}

gboolean
rexnet_pickle_is_string (const RexnetPickleValue * value, const char *text)
{
  return value->type == REXNET_PICKLE_STRING
      && text_equals (value->text, value->length, text);
}

gboolean
rexnet_pickle_is_global (const RexnetPickleValue * value, const char *module,
    const char *name)
{
  const char *newline;

  if (!value || value->type != REXNET_PICKLE_GLOBAL)
    return FALSE;
  if (value->args)              /* of STACK_GLOBAL */
    return rexnet_pickle_is_string (value->args, module)
        && rexnet_pickle_is_string (value->state, name);
  newline = memchr (value->text, '\n', value->length);
  return text_equals (value->text, newline - value->text, module)
      && text_equals (newline + 1, value->text + value->length - newline - 1,
      name);
}

gboolean
rexnet_pickle_is_dict (const RexnetPickleValue * value)
{
  return value->type == REXNET_PICKLE_DICT
      || (value->type == REXNET_PICKLE_OBJECT
      && rexnet_pickle_is_global (value->callable, "collections",
          "OrderedDict"));
}

RexnetPickleValue *
rexnet_pickle_lookup (const RexnetPickleValue * dict, const char *key)
{
  if (!rexnet_pickle_is_dict (dict))
    return NULL;
  for (guint i = 0; i + 1 < rexnet_pickle_n_items (dict); i += 2)
    if (rexnet_pickle_is_string (rexnet_pickle_item (dict, i), key))
      return rexnet_pickle_item (dict, i + 1);
  return NULL;
}
