/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "fail.h"
#include "file_writer.h"
#include "half.h"
#include "onnx_graph.h"

/* The lists grow here and belong to @model from rexnet_onnx_write() on, or when
 * this is freed. */
struct _RexnetOnnx
{
  Onnx__ModelProto *model;
  GPtrArray *nodes, *tensors, *inputs, *outputs, *metadata;
};

static void *
allocate (void *data, size_t size)
{
  return g_malloc (size);
}

static void
release (void *data, void *pointer)
{
  g_free (pointer);
}

static ProtobufCAllocator allocator = { allocate, release, NULL };

#define NEW_MESSAGE(Type, init) \
  (Type *) g_memdup2 (&(Type) init, sizeof (Type))

RexnetOnnx *
rexnet_onnx_new (const char *name)
{
  RexnetOnnx *self = g_new0 (RexnetOnnx, 1);
  Onnx__ModelProto *model = NEW_MESSAGE (Onnx__ModelProto,
      ONNX__MODEL_PROTO__INIT);
  Onnx__OperatorSetIdProto *opset = NEW_MESSAGE (Onnx__OperatorSetIdProto,
      ONNX__OPERATOR_SET_ID_PROTO__INIT);

  opset->domain = g_strdup ("");
  opset->version = REXNET_ONNX_OPSET;
  model->ir_version = REXNET_ONNX_IR_VERSION;
  model->producer_name = g_strdup ("librexnet");
  model->producer_version = g_strdup (rexnet_version ());
  model->n_opset_import = 1;
  model->opset_import = g_new (Onnx__OperatorSetIdProto *, 1);
  model->opset_import[0] = opset;
  model->graph = NEW_MESSAGE (Onnx__GraphProto, ONNX__GRAPH_PROTO__INIT);
  model->graph->name = g_strdup (name);
  self->model = model;
  self->nodes = g_ptr_array_new ();
  self->tensors = g_ptr_array_new ();
  self->inputs = g_ptr_array_new ();
  self->outputs = g_ptr_array_new ();
  self->metadata = g_ptr_array_new ();
  return self;
}

/* Lends the lists to the model. */
static void
connect_lists (RexnetOnnx * self)
{
  Onnx__ModelProto *model = self->model;
  Onnx__GraphProto *graph = model->graph;

  graph->n_node = self->nodes->len;
  graph->node = (Onnx__NodeProto **) self->nodes->pdata;
  graph->n_initializer = self->tensors->len;
  graph->initializer = (Onnx__TensorProto **) self->tensors->pdata;
  graph->n_input = self->inputs->len;
  graph->input = (Onnx__ValueInfoProto **) self->inputs->pdata;
  graph->n_output = self->outputs->len;
  graph->output = (Onnx__ValueInfoProto **) self->outputs->pdata;
  model->n_metadata_props = self->metadata->len;
  model->metadata_props = (Onnx__StringStringEntryProto **)
      self->metadata->pdata;
}

void
rexnet_onnx_free (RexnetOnnx * self)
{
  if (!self)
    return;
  connect_lists (self);
  g_ptr_array_free (self->nodes, FALSE);
  g_ptr_array_free (self->tensors, FALSE);
  g_ptr_array_free (self->inputs, FALSE);
  g_ptr_array_free (self->outputs, FALSE);
  g_ptr_array_free (self->metadata, FALSE);
  onnx__model_proto__free_unpacked (self->model, &allocator);
  g_free (self);
}

static Onnx__TensorShapeProto__Dimension *
new_dimension (void)
{
  return NEW_MESSAGE (Onnx__TensorShapeProto__Dimension,
      ONNX__TENSOR_SHAPE_PROTO__DIMENSION__INIT);
}

static Onnx__TensorShapeProto *
new_shape (guint n_dims, const gint64 * dims)
{
  Onnx__TensorShapeProto *shape = NEW_MESSAGE (Onnx__TensorShapeProto,
      ONNX__TENSOR_SHAPE_PROTO__INIT);

  shape->n_dim = n_dims + 1;
  shape->dim = g_new (Onnx__TensorShapeProto__Dimension *, n_dims + 1);
  shape->dim[0] = new_dimension ();
  shape->dim[0]->dim_param = g_strdup ("batch");
  for (guint i = 0; i < n_dims; i++) {
    shape->dim[i + 1] = new_dimension ();
    shape->dim[i + 1]->has_dim_value = TRUE;
    shape->dim[i + 1]->dim_value = dims[i];
  }
  return shape;
}

static Onnx__ValueInfoProto *
new_value (const char *name, guint n_dims, const gint64 * dims)
{
  Onnx__ValueInfoProto *value = NEW_MESSAGE (Onnx__ValueInfoProto,
      ONNX__VALUE_INFO_PROTO__INIT);
  Onnx__TypeProto *type = NEW_MESSAGE (Onnx__TypeProto,
      ONNX__TYPE_PROTO__INIT);
  Onnx__TypeProto__Tensor *tensor = NEW_MESSAGE (Onnx__TypeProto__Tensor,
      ONNX__TYPE_PROTO__TENSOR__INIT);

  tensor->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
  tensor->shape = new_shape (n_dims, dims);
  type->tensor_type = tensor;
  value->name = g_strdup (name);
  value->type = type;
  return value;
}

void
rexnet_onnx_add_input (RexnetOnnx * self, const char *name, guint n_dims,
    const gint64 * dims)
{
  g_ptr_array_add (self->inputs, new_value (name, n_dims, dims));
}

void
rexnet_onnx_add_output (RexnetOnnx * self, const char *name, guint n_dims,
    const gint64 * dims)
{
  g_ptr_array_add (self->outputs, new_value (name, n_dims, dims));
}

void
rexnet_onnx_add_metadata (RexnetOnnx * self, const char *key,
    const char *value)
{
  Onnx__StringStringEntryProto *entry = NEW_MESSAGE
      (Onnx__StringStringEntryProto, ONNX__STRING_STRING_ENTRY_PROTO__INIT);

  entry->key = g_strdup (key);
  entry->value = g_strdup (value);
  g_ptr_array_add (self->metadata, entry);
}

RexnetOnnxNode *
rexnet_onnx_add_node (RexnetOnnx * self, const char *op, const char *name, ...)
{
  Onnx__NodeProto *node = NEW_MESSAGE (Onnx__NodeProto,
      ONNX__NODE_PROTO__INIT);
  GPtrArray *inputs = g_ptr_array_new ();
  const char *input;
  va_list args;

  va_start (args, name);
  while ((input = va_arg (args, const char *)))
    g_ptr_array_add (inputs, g_strdup (input));
  va_end (args);
  node->n_input = inputs->len;
  node->input = (char **) g_ptr_array_free (inputs, FALSE);
  node->n_output = 1;
  node->output = g_new (char *, 1);
  node->output[0] = g_strdup (name);
  node->name = g_strdup (name);
  node->op_type = g_strdup (op);
  g_ptr_array_add (self->nodes, node);
  return node;
}

static Onnx__AttributeProto *
add_attribute (RexnetOnnxNode * node, const char *name,
    Onnx__AttributeProto__AttributeType type)
{
  Onnx__AttributeProto *attribute = NEW_MESSAGE (Onnx__AttributeProto,
      ONNX__ATTRIBUTE_PROTO__INIT);

  attribute->name = g_strdup (name);
  attribute->type = type;
  node->attribute = g_renew (Onnx__AttributeProto *, node->attribute,
      node->n_attribute + 1);
  node->attribute[node->n_attribute++] = attribute;
  return attribute;
}

void
rexnet_onnx_node_set_int (RexnetOnnxNode * node, const char *name,
    gint64 value)
{
  Onnx__AttributeProto *attribute = add_attribute (node, name,
      ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);

  attribute->has_i = TRUE;
  attribute->i = value;
}

void
rexnet_onnx_node_set_ints (RexnetOnnxNode * node, const char *name, guint n,
    const gint64 * values)
{
  Onnx__AttributeProto *attribute = add_attribute (node, name,
      ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);

  attribute->n_ints = n;
  attribute->ints = g_memdup2 (values, n * sizeof *values);
}

/* Takes @data. */
static void
add_tensor (RexnetOnnx * self, const char *name,
    Onnx__TensorProto__DataType type, guint n_dims, const gint64 * dims,
    void *data, gsize size)
{
  Onnx__TensorProto *tensor = NEW_MESSAGE (Onnx__TensorProto,
      ONNX__TENSOR_PROTO__INIT);

  tensor->name = g_strdup (name);
  tensor->data_type = type;
  tensor->n_dims = n_dims;
  tensor->dims = g_memdup2 (dims, n_dims * sizeof *dims);
  tensor->raw_data.data = data;
  tensor->raw_data.len = size;
  g_ptr_array_add (self->tensors, tensor);
}

gboolean
rexnet_onnx_add_floats (RexnetOnnx * self, const char *name, guint n_dims,
    const gint64 * dims, float *values, gboolean half, GError ** error)
{
  g_autofree char *stored = NULL;
  gsize n = 1;

  for (guint i = 0; i < n_dims; i++)
    n *= dims[i];
  if (!half) {
    rexnet_float_to_le (values, n);
    add_tensor (self, name, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, n_dims, dims,
        values, n * sizeof *values);
    return TRUE;
  }
  if (!rexnet_half_to_le (values, n, name, error)) {
    g_free (values);
    return FALSE;
  }
  stored = g_strconcat (name, "/float16", NULL);
  add_tensor (self, stored, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16, n_dims,
      dims, g_realloc (values, 2 * n), 2 * n);
  rexnet_onnx_node_set_int (rexnet_onnx_add_node (self, "Cast", name, stored,
          NULL), "to", ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
  return TRUE;
}

void
rexnet_onnx_add_int64s (RexnetOnnx * self, const char *name, guint n,
    const gint64 * values)
{
  gint64 *data = g_new (gint64, n);
  const gint64 dims[] = { n };

  for (guint i = 0; i < n; i++)
    data[i] = GINT64_TO_LE (values[i]);
  add_tensor (self, name, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 1, dims, data,
      n * sizeof *data);
}

/* protobuf-c hands on large fields as they lie in memory. */
typedef struct
{
  ProtobufCBuffer base;
  RexnetFileWriter *file;
} Sink;

static void
append (ProtobufCBuffer * buffer, size_t size, const uint8_t * data)
{
  rexnet_file_writer_write (((Sink *) buffer)->file, data, size);
}

gboolean
rexnet_onnx_write (RexnetOnnx * self, const char *path, GError ** error)
{
  Sink sink = { .base.append = append };
  gsize size;

  connect_lists (self);
  size = onnx__model_proto__get_packed_size (self->model);
  if (size > G_MAXINT32) {
    g_autofree char *display = g_filename_display_name (path);

    return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
        "%s: would have %" G_GSIZE_FORMAT " bytes, but ONNX files end at 2 GiB",
        display, size);
  }
  if (!(sink.file = rexnet_file_writer_open (path, error)))
    return FALSE;
  onnx__model_proto__pack_to_buffer (self->model, &sink.base);
  return rexnet_file_writer_finish (sink.file, error);
}
