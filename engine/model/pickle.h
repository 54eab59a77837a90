/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A reader of Python's pickle format, protocols 2 to 5, that executes nothing:
 * names stay names, and a call stays a record of what would be called.
 */
#pragma once

#include <rexnet/rexnet.h>

typedef enum
{
  REXNET_PICKLE_NONE,
  REXNET_PICKLE_BOOL,           /* integer */
  REXNET_PICKLE_INT,            /* integer */
  REXNET_PICKLE_FLOAT,          /* number */
  REXNET_PICKLE_STRING,         /* text, length; bytes and long ints too */
  REXNET_PICKLE_GLOBAL,         /* text, length: "module\nname" */
  REXNET_PICKLE_TUPLE,          /* items */
  REXNET_PICKLE_LIST,           /* items; sets too */
  REXNET_PICKLE_DICT,           /* items: key, value, key, value, ... */
  REXNET_PICKLE_OBJECT,         /* callable (args), then items and state */
  REXNET_PICKLE_PERSISTENT,     /* args: the id */
} RexnetPickleType;

typedef struct _RexnetPickleValue RexnetPickleValue;

/* Values may be shared and may contain themselves. */
struct _RexnetPickleValue
{
  RexnetPickleType type;
  gint64 integer;
  double number;
  const char *text;             /* no NUL behind it, and maybe no UTF-8 */
  gsize length;
  GPtrArray *items;             /* of RexnetPickleValue; NULL: none */
  RexnetPickleValue *callable, *args, *state;
};

typedef struct
{
  RexnetPickleValue *root;
  GPtrArray *persistent;        /* of RexnetPickleValue, as they appear */
  GPtrArray *values;            /* owns all of them */
  gsize end;                    /* the byte behind this pickle */
} RexnetPickle;

/*
 * Reads one pickle from byte @offset of @data, which must outlive it.
 * @source: what errors call it
 */
RexnetPickle *rexnet_pickle_read (const guint8 * data, gsize size,
    gsize offset, const char *source, GError ** error);
void rexnet_pickle_free (RexnetPickle * pickle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RexnetPickle, rexnet_pickle_free)

/* How many items, and one of them. */
guint rexnet_pickle_n_items (const RexnetPickleValue * value);
RexnetPickleValue *rexnet_pickle_item (const RexnetPickleValue * value,
    guint index);

/* Whether @value is such a string, or the global @module's @name. */
gboolean rexnet_pickle_is_string (const RexnetPickleValue * value,
    const char *text);
gboolean rexnet_pickle_is_global (const RexnetPickleValue * value,
    const char *module, const char *name);

/* The value of @key in a dict or an OrderedDict. Returns: (nullable). */
RexnetPickleValue *rexnet_pickle_lookup (const RexnetPickleValue * dict,
    const char *key);

/* Whether @value maps keys to values. */
gboolean rexnet_pickle_is_dict (const RexnetPickleValue * value);
