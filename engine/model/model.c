/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/mman.h>

#include "channels.h"
#include "fail.h"
#include "family.h"
#include "model.h"

struct _RexnetModel
{
  gatomicrefcount refs;
  RexnetModel *base;            /* owner of the weights, when not this one */
  RexnetNetwork net;
  GArray *tensors;              /* RexnetNamedTensor, views too */
  GPtrArray *blobs;             /* of GBytes: what the tensors are views of */
  RexnetModelInfo info;
  GMappedFile *mapped;          /* the file of the first blob, or NULL */
  char *name;
  char **labels;                /* info.classes of them, or NULL */
};

static const RexnetFamily *const families[] = {
  &rexnet_family_rexnet,
  &rexnet_family_timm,
  &rexnet_family_efficientnet,
};

static const char *const variant_names[] = {
  "rexnet", "rexnet-lite", "rexnetr", "efficientnet", "efficientnet-lite"
};

const char *
rexnet_variant_to_string (RexnetVariant variant)
{
  g_return_val_if_fail (variant < G_N_ELEMENTS (variant_names), NULL);
  return variant_names[variant];
}

gboolean
rexnet_variant_from_string (const char *string, RexnetVariant * variant,
    GError ** error)
{
  for (guint i = 0; i < G_N_ELEMENTS (variant_names); i++) {
    if (strcmp (string, variant_names[i]) == 0) {
      *variant = i;
      return TRUE;
    }
  }
  return rexnet_fail (error, REXNET_ERROR_ARGUMENT,
      "no variant '%s': use rexnet, rexnet-lite, rexnetr, efficientnet or "
      "efficientnet-lite", string);
}

const RexnetFamily *
rexnet_family_of (RexnetStateDict * dict)
{
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    if (families[i]->matches (dict))
      return families[i];
  return NULL;
}

static gboolean
build_network (RexnetModel * self, RexnetStateDict * dict, GError ** error)
{
  const RexnetFamily *family = rexnet_family_of (dict);

  if (family)
    return family->build (dict, &self->net, &self->info.variant, error)
        && rexnet_state_dict_all_taken (dict, error);
  return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
      "%s: holds no ReXNet: neither the keys of the official code "
      "(features.3.out.0.weight) nor those of timm "
      "(features.0.conv_dw.conv.weight) are there; nor an EfficientNet "
      "(blocks.0.0.conv_dw.weight, _blocks.0._depthwise_conv.weight)",
      dict->source);
}

static void
override_conv (RexnetConv * conv, const RexnetSettings * settings)
{
  if (settings->bn_eps != 0)
    conv->bn_eps = settings->bn_eps;
  if (settings->has_padding)
    conv->same = settings->same;
}

/* What the settings say of layers goes before what is known of the family. */
static void
override_network (RexnetNetwork * net, const RexnetSettings * settings)
{
  override_conv (&net->stem, settings);
  for (guint i = 0; i < net->n_blocks; i++) {
    RexnetBlock *block = &net->blocks[i];

    override_conv (&block->expand, settings);
    override_conv (&block->depthwise, settings);
    override_conv (&block->se_reduce, settings);
    override_conv (&block->project, settings);
  }
  override_conv (&net->head, settings);
  for (guint i = 0; i < net->n_classifiers; i++)
    override_conv (&net->classifier[i], settings);
}

static void
add_parameters (const RexnetConv * conv, const char *name, gboolean pooled,
    gpointer data)
{
  *(guint64 *) data += rexnet_conv_parameters (conv);
}

static gboolean
check_labels (char **labels, guint classes, const char *where, GError ** error)
{
  const guint n = g_strv_length (labels);

  return n == classes || rexnet_fail (error, REXNET_ERROR_MISMATCH,
      "%s: has %u labels, but the model has %u classes", where, n, classes);
}

/* What the settings say must be what the tensors show. A width whose channels
 * no multiplier gives is the settings' to name. */
static gboolean
check_settings (RexnetModel * self, RexnetStateDict * dict,
    const RexnetSettings * s, GError ** error)
{
  const RexnetVariant variant = self->info.variant;
  const guint classes = rexnet_network_classes (&self->net);

  if (s->has_variant && s->variant != variant)
    return rexnet_fail (error, REXNET_ERROR_MISMATCH,
        "%s: the settings say %s, the tensors are %s", dict->source,
        rexnet_variant_to_string (s->variant),
        rexnet_variant_to_string (variant));
  if (s->classes && s->classes != classes)
    return rexnet_fail (error, REXNET_ERROR_MISMATCH,
        "%s: the settings say %u classes, the tensors have %u", dict->source,
        s->classes, classes);
  if (s->has_width && !rexnet_channels_match (&self->net, variant, s->width)) {
    const double found = rexnet_channels_width (&self->net, variant);
    if (rexnet_channels_match (&self->net, variant, found))
      return rexnet_fail (error, REXNET_ERROR_MISMATCH,
          "%s: the settings say width %g, the tensors have width %g",
          dict->source, s->width, found);
  }
  return !s->labels || check_labels (s->labels, classes,
      s->labels_from ? s->labels_from : dict->source, error);
}

static void
fill_info (RexnetModel * self, const RexnetSettings * settings)
{
  RexnetModelInfo *info = &self->info;

  info->name = self->name;
  info->depth = self->net.n_blocks;
  info->classes = rexnet_network_classes (&self->net);
  info->features = rexnet_network_features (&self->net);
  info->width = settings->has_width ? settings->width
      : rexnet_channels_width (&self->net, info->variant);
  info->input = settings->input;
  rexnet_network_foreach (&self->net, add_parameters, &info->parameters);
}

RexnetModel *
rexnet_model_new (RexnetStateDict * dict, RexnetSettings * settings,
    GError ** error)
{
  RexnetModel *self = g_new0 (RexnetModel, 1);

  g_atomic_ref_count_init (&self->refs);
  self->blobs = g_ptr_array_ref (dict->blobs);
  self->mapped = dict->mapped ? g_mapped_file_ref (dict->mapped) : NULL;
  if (!build_network (self, dict, error)
      || !check_settings (self, dict, settings, error)) {
    rexnet_model_unref (self);
    return NULL;
  }
  override_network (&self->net, settings);
  self->tensors = rexnet_state_dict_list_taken (dict);
  self->net.blocks = g_renew (RexnetBlock, self->net.blocks,
      self->net.n_blocks);
  self->name = g_steal_pointer (&settings->name);
  self->labels = g_steal_pointer (&settings->labels);
  fill_info (self, settings);
  if (self->mapped) {
    self->net.release_pages = rexnet_model_release_pages;
    self->net.owner = self;
    /* looking for values that are not finite has read all of them */
    rexnet_model_release_pages (self);
  }
  return self;
}

RexnetModel *
rexnet_model_with_labels (RexnetModel * model, const char *path,
    GError ** error)
{
  g_auto (GStrv) labels = rexnet_labels_read (path, error);
  RexnetModel *self;

  if (!labels || !check_labels (labels, model->info.classes, path, error))
    return NULL;
  self = g_new0 (RexnetModel, 1);
  g_atomic_ref_count_init (&self->refs);
  self->base = rexnet_model_ref (model->base ? model->base : model);
  self->net = model->net;
  self->info = model->info;
  self->name = g_strdup (model->name);
  self->info.name = self->name;
  self->labels = g_steal_pointer (&labels);
  return self;
}

gboolean
rexnet_model_check (RexnetModel * self, RexnetVariant variant, double width,
    GError ** error)
{
  const RexnetModelInfo *info = &self->info;

  if (info->variant == variant
      && (width == 0 || ABS (info->width - width) < 5e-4
          || rexnet_channels_match (&self->net, variant, width)))
    return TRUE;
  return rexnet_fail (error, REXNET_ERROR_MISMATCH,
      "asked for variant %s and width %g, but %s is variant %s and width %g",
      rexnet_variant_to_string (variant), width ? width : info->width,
      info->name, rexnet_variant_to_string (info->variant), info->width);
}

void
rexnet_model_release_pages (RexnetModel * self)
{
  GMappedFile *mapped = self->base ? self->base->mapped : self->mapped;

  if (mapped && g_mapped_file_get_length (mapped) > 0)
    madvise (g_mapped_file_get_contents (mapped),
        g_mapped_file_get_length (mapped), MADV_DONTNEED);
}

RexnetModel *
rexnet_model_ref (RexnetModel * self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
rexnet_model_unref (RexnetModel * self)
{
  if (!self || !g_atomic_ref_count_dec (&self->refs))
    return;
  if (self->base)
    rexnet_model_unref (self->base);
  else
    g_free (self->net.blocks);
  g_clear_pointer (&self->tensors, g_array_unref);
  g_clear_pointer (&self->blobs, g_ptr_array_unref);
  g_clear_pointer (&self->mapped, g_mapped_file_unref);
  g_strfreev (self->labels);
  g_free (self->name);
  g_free (self);
}

const RexnetModelInfo *
rexnet_model_get_info (RexnetModel * self)
{
  return &self->info;
}

const RexnetNetwork *
rexnet_model_get_network (RexnetModel * self)
{
  return &self->net;
}

const RexnetNamedTensor *
rexnet_model_get_tensors (RexnetModel * self, guint * n)
{
  GArray *tensors = self->base ? self->base->tensors : self->tensors;

  *n = tensors->len;
  return (const RexnetNamedTensor *) tensors->data;
}

const char *
rexnet_model_get_label (RexnetModel * self, guint index)
{
  return self->labels && index < self->info.classes ? self->labels[index]
      : NULL;
}
