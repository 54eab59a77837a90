/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "fail.h"
#include "pickle.h"

/* A checkpoint of a large ReXNet with its optimizer's state has a tenth. */
#define MAX_VALUES (1 << 19)
#define MAX_OPCODES (1 << 22)

typedef enum
{
  OP_MARK = '(', OP_STOP = '.', OP_POP = '0', OP_POP_MARK = '1', OP_DUP = '2',
  OP_BINBYTES = 'B', OP_SHORT_BINBYTES = 'C', OP_BINFLOAT = 'G',
  OP_BININT = 'J', OP_BININT1 = 'K', OP_BININT2 = 'M', OP_NONE = 'N',
  OP_BINPERSID = 'Q', OP_REDUCE = 'R', OP_BINSTRING = 'T',
  OP_SHORT_BINSTRING = 'U', OP_BINUNICODE = 'X', OP_EMPTY_LIST = ']',
  OP_APPEND = 'a', OP_BUILD = 'b', OP_GLOBAL = 'c', OP_DICT = 'd',
  OP_APPENDS = 'e', OP_BINGET = 'h', OP_LONG_BINGET = 'j', OP_LIST = 'l',
  OP_BINPUT = 'q', OP_LONG_BINPUT = 'r', OP_SETITEM = 's', OP_TUPLE = 't',
  OP_EMPTY_TUPLE = ')', OP_SETITEMS = 'u', OP_EMPTY_DICT = '}',
  OP_PROTO = 0x80, OP_NEWOBJ = 0x81, OP_TUPLE1 = 0x85, OP_TUPLE2 = 0x86,
  OP_TUPLE3 = 0x87, OP_NEWTRUE = 0x88, OP_NEWFALSE = 0x89, OP_LONG1 = 0x8a,
  OP_LONG4 = 0x8b, OP_SHORT_BINUNICODE = 0x8c, OP_BINUNICODE8 = 0x8d,
  OP_BINBYTES8 = 0x8e, OP_EMPTY_SET = 0x8f, OP_ADDITEMS = 0x90,
  OP_FROZENSET = 0x91, OP_NEWOBJ_EX = 0x92, OP_STACK_GLOBAL = 0x93,
  OP_MEMOIZE = 0x94, OP_FRAME = 0x95, OP_BYTEARRAY8 = 0x96,
} Opcode;

typedef struct
{
  const guint8 *data;
  gsize size, at;
  const char *source;
  RexnetPickle *pickle;
  GPtrArray *stack;             /* of RexnetPickleValue */
  GArray *marks;                /* of guint: heights of the stack */
  GHashTable *memo;             /* of guint, RexnetPickleValue */
  gsize op_at;                  /* where the current opcode stands */
  guint8 op;
  GError **error;
} Machine;

static void
value_free (gpointer data)
{
  RexnetPickleValue *value = data;

  if (value->items)
    g_ptr_array_unref (value->items);
  g_free (value);
}

void
rexnet_pickle_free (RexnetPickle * pickle)
{
  g_ptr_array_unref (pickle->persistent);
  g_ptr_array_unref (pickle->values);
  g_free (pickle);
}

static gboolean
fail (Machine * m, RexnetError code, const char *what)
{
  return rexnet_fail (m->error, code,
      "%s: pickle opcode 0x%02x at byte %" G_GSIZE_FORMAT ": %s", m->source,
      m->op, m->op_at, what);
}

/* ---- reading arguments -------------------------------------------------- */

/* The next @n bytes, or NULL with the error. */
static const guint8 *
take (Machine * m, guint64 n)
{
  const guint8 *bytes = m->data + m->at;

  if (n > m->size - m->at) {
    fail (m, REXNET_ERROR_CORRUPT, "the file is truncated");
    return NULL;
  }
  m->at += n;
  return bytes;
}

/* An unsigned number of @n <= 8 bytes. */
static gboolean
take_uint (Machine * m, guint n, guint64 * value)
{
  const guint8 *bytes = take (m, n);

  if (!bytes)
    return FALSE;
  *value = 0;
  for (guint i = 0; i < n; i++)
    *value |= (guint64) bytes[i] << (8 * i);
  return TRUE;
}

/* A line of text without its newline. */
static gboolean
take_line (Machine * m)
{
  const guint8 *end = memchr (m->data + m->at, '\n', m->size - m->at);

  if (!end)
    return fail (m, REXNET_ERROR_CORRUPT, "the file is truncated");
  m->at = end - m->data + 1;
  return TRUE;
}

/* ---- the stack ---------------------------------------------------------- */

static RexnetPickleValue *
push_new (Machine * m, RexnetPickleType type)
{
  RexnetPickleValue *value;

  if (m->pickle->values->len == MAX_VALUES) {
    fail (m, REXNET_ERROR_UNSUPPORTED, "too many values for a state_dict");
    return NULL;
  }
  value = g_new0 (RexnetPickleValue, 1);
  value->type = type;
  g_ptr_array_add (m->pickle->values, value);
  g_ptr_array_add (m->stack, value);
  return value;
}

static guint
base (Machine * m)
{
  return m->marks->len ? g_array_index (m->marks, guint, m->marks->len - 1) : 0;
}

/* Whether @n values stand above the last mark. */
static gboolean
need (Machine * m, guint n)
{
  if (m->stack->len >= base (m) + n)
    return TRUE;
  return fail (m, REXNET_ERROR_CORRUPT, "the stack is too short");
}

static RexnetPickleValue *
pop (Machine * m)
{
  return g_ptr_array_steal_index (m->stack, m->stack->len - 1);
}

static RexnetPickleValue *
top (Machine * m)
{
  return g_ptr_array_index (m->stack, m->stack->len - 1);
}

/* The height of the stack at the last mark, which is removed. */
static gboolean
pop_mark (Machine * m, guint * height)
{
  *height = base (m);
  if (m->marks->len == 0)
    return fail (m, REXNET_ERROR_CORRUPT, "there is no mark");
  g_array_set_size (m->marks, m->marks->len - 1);
  return TRUE;
}

/* Moves what stands from @height on into @value's items. */
static void
move_items (Machine * m, RexnetPickleValue * value, guint height)
{
  if (!value->items)
    value->items = g_ptr_array_new ();
  for (guint i = height; i < m->stack->len; i++)
    g_ptr_array_add (value->items, g_ptr_array_index (m->stack, i));
  g_ptr_array_set_size (m->stack, height);
}

/* ---- opcodes ------------------------------------------------------------ */

static gboolean
push_none (Machine * m)
{
  return push_new (m, REXNET_PICKLE_NONE) != NULL;
}

static gboolean
push_int (Machine * m, RexnetPickleType type, gint64 integer)
{
  RexnetPickleValue *value = push_new (m, type);

  if (value)
    value->integer = integer;
  return value != NULL;
}

static gboolean
push_uint (Machine * m, guint n)
{
  guint64 value;

  return take_uint (m, n, &value) && push_int (m, REXNET_PICKLE_INT, value);
}

static gboolean
push_int32 (Machine * m)
{
  guint64 value;

  return take_uint (m, 4, &value)
      && push_int (m, REXNET_PICKLE_INT, (gint32) value);
}

/* Big endian, alone among the opcodes. */
static gboolean
push_float (Machine * m)
{
  RexnetPickleValue *value;
  guint64 bits;

  if (!take_uint (m, 8, &bits) || !(value = push_new (m, REXNET_PICKLE_FLOAT)))
    return FALSE;
  bits = GUINT64_SWAP_LE_BE (bits);
  memcpy (&value->number, &bits, sizeof bits);
  return TRUE;
}

/* @n: bytes of the length in front */
static gboolean
push_string (Machine * m, guint n)
{
  RexnetPickleValue *value;
  const guint8 *text;
  guint64 length;

  if (!take_uint (m, n, &length) || !(text = take (m, length))
      || !(value = push_new (m, REXNET_PICKLE_STRING)))
    return FALSE;
  value->text = (const char *) text;
  value->length = length;
  return TRUE;
}

/* A two's complement number; what exceeds 64 bits stays a string of bytes. */
static gboolean
push_long (Machine * m, guint n)
{
  RexnetPickleValue *value;
  guint64 integer = 0;

  if (!push_string (m, n))
    return FALSE;
  value = top (m);
  if (value->length > sizeof integer)
    return TRUE;
  if (value->length && value->text[value->length - 1] & 0x80)
    integer = G_MAXUINT64;
  for (gsize i = value->length; i-- > 0;)
    integer = integer << 8 | (guint8) value->text[i];
  value->type = REXNET_PICKLE_INT;
  value->integer = integer;
  return TRUE;
}

static gboolean
push_global (Machine * m)
{
  const gsize begin = m->at;
  RexnetPickleValue *value;

  if (!take_line (m) || !take_line (m)
      || !(value = push_new (m, REXNET_PICKLE_GLOBAL)))
    return FALSE;
  value->text = (const char *) m->data + begin;
  value->length = m->at - 1 - begin;
  return TRUE;
}

/* Module and name stand on the stack; both parts stay where they are. */
static gboolean
push_stack_global (Machine * m)
{
  RexnetPickleValue *value, *module, *name;

  if (!need (m, 2))
    return FALSE;
  name = pop (m);
  module = pop (m);
  if (module->type != REXNET_PICKLE_STRING
      || name->type != REXNET_PICKLE_STRING)
    return fail (m, REXNET_ERROR_CORRUPT, "a name must be a string");
  if (!(value = push_new (m, REXNET_PICKLE_GLOBAL)))
    return FALSE;
  value->args = module;
  value->state = name;
  return TRUE;
}

static gboolean
push_collection (Machine * m, RexnetPickleType type)
{
  RexnetPickleValue *value;
  guint height;

  if (!pop_mark (m, &height))
    return FALSE;
  if (type == REXNET_PICKLE_DICT && (m->stack->len - height) % 2)
    return fail (m, REXNET_ERROR_CORRUPT, "a key without a value");
  if (!(value = push_new (m, type)))
    return FALSE;
  pop (m);
  move_items (m, value, height);
  g_ptr_array_add (m->stack, value);
  return TRUE;
}

static gboolean
push_small_tuple (Machine * m, guint n)
{
  RexnetPickleValue *value;

  if (!need (m, n) || !(value = push_new (m, REXNET_PICKLE_TUPLE)))
    return FALSE;
  pop (m);
  move_items (m, value, m->stack->len - n);
  g_ptr_array_add (m->stack, value);
  return TRUE;
}

/* Adds the top @n values, or those above the mark when @n is 0, to the
 * collection below them. */
static gboolean
add_items (Machine * m, guint n, gboolean pairs)
{
  guint height;
  RexnetPickleValue *target;

  if (n > 0) {
    if (!need (m, n))
      return FALSE;
    height = m->stack->len - n;
  } else if (!pop_mark (m, &height)) {
    return FALSE;
  }
  if (height <= base (m))
    return fail (m, REXNET_ERROR_CORRUPT, "there is nothing to add to");
  target = g_ptr_array_index (m->stack, height - 1);
  if (target->type != REXNET_PICKLE_OBJECT
      && target->type != (pairs ? REXNET_PICKLE_DICT : REXNET_PICKLE_LIST))
    return fail (m, REXNET_ERROR_CORRUPT, "this value takes no items");
  if (pairs && (m->stack->len - height) % 2)
    return fail (m, REXNET_ERROR_CORRUPT, "a key without a value");
  move_items (m, target, height);
  return TRUE;
}

/* A call of what stands below the arguments. */
static gboolean
push_call (Machine * m, guint n_args)
{
  RexnetPickleValue *value, *callable, *args = NULL;

  if (!need (m, n_args + 1))
    return FALSE;
  for (guint i = 0; i < n_args; i++) {
    RexnetPickleValue *arg = pop (m);
    args = i == n_args - 1 ? arg : args;
  }
  callable = pop (m);
  if (!(value = push_new (m, REXNET_PICKLE_OBJECT)))
    return FALSE;
  value->callable = callable;
  value->args = args;
  return TRUE;
}

static gboolean
build (Machine * m)
{
  RexnetPickleValue *state;

  if (!need (m, 2))
    return FALSE;
  state = pop (m);
  if (top (m)->type == REXNET_PICKLE_OBJECT)
    top (m)->state = state;
  return TRUE;
}

static gboolean
push_persistent (Machine * m)
{
  RexnetPickleValue *value, *id;

  if (!need (m, 1))
    return FALSE;
  id = pop (m);
  if (!(value = push_new (m, REXNET_PICKLE_PERSISTENT)))
    return FALSE;
  value->args = id;
  g_ptr_array_add (m->pickle->persistent, value);
  return TRUE;
}

static gboolean
put_memo (Machine * m, guint64 index)
{
  if (!need (m, 1))
    return FALSE;
  g_hash_table_insert (m->memo, GUINT_TO_POINTER ((guint) index), top (m));
  return TRUE;
}

static gboolean
put_indexed (Machine * m, guint n)
{
  guint64 index;

  return take_uint (m, n, &index) && put_memo (m, index);
}

static gboolean
get_indexed (Machine * m, guint n)
{
  RexnetPickleValue *value;
  guint64 index;

  if (!take_uint (m, n, &index))
    return FALSE;
  value = g_hash_table_lookup (m->memo, GUINT_TO_POINTER ((guint) index));
  if (!value)
    return fail (m, REXNET_ERROR_CORRUPT, "nothing was stored by that number");
  g_ptr_array_add (m->stack, value);
  return TRUE;
}

static gboolean
push_mark (Machine * m)
{
  g_array_append_val (m->marks, m->stack->len);
  return TRUE;
}

static gboolean
drop (Machine * m)
{
  return need (m, 1) && pop (m);
}

static gboolean
drop_to_mark (Machine * m)
{
  guint height;

  if (!pop_mark (m, &height))
    return FALSE;
  g_ptr_array_set_size (m->stack, height);
  return TRUE;
}

static gboolean
duplicate (Machine * m)
{
  if (!need (m, 1))
    return FALSE;
  g_ptr_array_add (m->stack, top (m));
  return TRUE;
}

static gboolean
check_protocol (Machine * m)
{
  guint64 version;

  if (!take_uint (m, 1, &version))
    return FALSE;
  return version <= 5 || fail (m, REXNET_ERROR_UNSUPPORTED,
      "a pickle protocol newer than 5");
}

static gboolean
execute_scalar (Machine * m)
{
  switch ((Opcode) m->op) {
    case OP_NONE:
      return push_none (m);
    case OP_NEWTRUE:
      return push_int (m, REXNET_PICKLE_BOOL, 1);
    case OP_NEWFALSE:
      return push_int (m, REXNET_PICKLE_BOOL, 0);
    case OP_BININT:
      return push_int32 (m);
    case OP_BININT1:
      return push_uint (m, 1);
    case OP_BININT2:
      return push_uint (m, 2);
    case OP_LONG1:
      return push_long (m, 1);
    case OP_LONG4:
      return push_long (m, 4);
    case OP_BINFLOAT:
      return push_float (m);
    case OP_SHORT_BINSTRING:
    case OP_SHORT_BINBYTES:
    case OP_SHORT_BINUNICODE:
      return push_string (m, 1);
    case OP_BINSTRING:
    case OP_BINBYTES:
    case OP_BINUNICODE:
      return push_string (m, 4);
    case OP_BINUNICODE8:
    case OP_BINBYTES8:
    case OP_BYTEARRAY8:
      return push_string (m, 8);
    default:
      return fail (m, REXNET_ERROR_UNSUPPORTED, "no state_dict needs it");
  }
}

static gboolean
execute_object (Machine * m)
{
  switch ((Opcode) m->op) {
    case OP_GLOBAL:
      return push_global (m);
    case OP_STACK_GLOBAL:
      return push_stack_global (m);
    case OP_REDUCE:
    case OP_NEWOBJ:
      return push_call (m, 1);
    case OP_NEWOBJ_EX:
      return push_call (m, 2);
    case OP_BUILD:
      return build (m);
    case OP_BINPERSID:
      return push_persistent (m);
    case OP_BINPUT:
      return put_indexed (m, 1);
    case OP_LONG_BINPUT:
      return put_indexed (m, 4);
    case OP_MEMOIZE:
      return put_memo (m, g_hash_table_size (m->memo));
    case OP_BINGET:
      return get_indexed (m, 1);
    case OP_LONG_BINGET:
      return get_indexed (m, 4);
    default:
      return execute_scalar (m);
  }
}

static gboolean
execute (Machine * m)
{
  switch ((Opcode) m->op) {
    case OP_PROTO:
      return check_protocol (m);
    case OP_FRAME:             /* how much follows: of no use here */
      return take (m, 8) != NULL;
    case OP_MARK:
      return push_mark (m);
    case OP_POP:
      return drop (m);
    case OP_POP_MARK:
      return drop_to_mark (m);
    case OP_DUP:
      return duplicate (m);
    case OP_EMPTY_TUPLE:
      return push_new (m, REXNET_PICKLE_TUPLE) != NULL;
    case OP_EMPTY_LIST:
    case OP_EMPTY_SET:
      return push_new (m, REXNET_PICKLE_LIST) != NULL;
    case OP_EMPTY_DICT:
      return push_new (m, REXNET_PICKLE_DICT) != NULL;
    case OP_TUPLE1:
    case OP_TUPLE2:
    case OP_TUPLE3:
      return push_small_tuple (m, m->op - OP_TUPLE1 + 1);
    case OP_TUPLE:
      return push_collection (m, REXNET_PICKLE_TUPLE);
    case OP_LIST:
    case OP_FROZENSET:
      return push_collection (m, REXNET_PICKLE_LIST);
    case OP_DICT:
      return push_collection (m, REXNET_PICKLE_DICT);
    case OP_APPEND:
      return add_items (m, 1, FALSE);
    case OP_APPENDS:
    case OP_ADDITEMS:
      return add_items (m, 0, FALSE);
    case OP_SETITEM:
      return add_items (m, 2, TRUE);
    case OP_SETITEMS:
      return add_items (m, 0, TRUE);
    default:
      return execute_object (m);
  }
}

/* Runs up to the STOP. */
static gboolean
run (Machine * m)
{
  for (guint n = 0; n < MAX_OPCODES; n++) {
    const guint8 *op;

    m->op_at = m->at;
    m->op = 0;
    if (!(op = take (m, 1)))
      return FALSE;
    m->op = *op;
    if (m->op != OP_STOP) {
      if (!execute (m))
        return FALSE;
      continue;
    }
    if (!need (m, 1))
      return FALSE;
    m->pickle->root = top (m);
    m->pickle->end = m->at;
    return TRUE;
  }
  return fail (m, REXNET_ERROR_UNSUPPORTED, "too long for a state_dict");
}

RexnetPickle *
rexnet_pickle_read (const guint8 * data, gsize size, gsize offset,
    const char *source, GError ** error)
{
  RexnetPickle *pickle = g_new0 (RexnetPickle, 1);
  Machine m = {
    .data = data,
    .size = size,
    .at = MIN (offset, size),
    .source = source,
    .pickle = pickle,
    .stack = g_ptr_array_new (),
    .marks = g_array_new (FALSE, FALSE, sizeof (guint)),
    .memo = g_hash_table_new (NULL, NULL),
    .error = error,
  };

  pickle->persistent = g_ptr_array_new ();
  pickle->values = g_ptr_array_new_with_free_func (value_free);
  if (!run (&m))
    g_clear_pointer (&pickle, rexnet_pickle_free);
  g_ptr_array_unref (m.stack);
  g_array_unref (m.marks);
  g_hash_table_unref (m.memo);
  return pickle;
}
