/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "channels.h"
#include "family.h"
#include "model.h"

struct _RexnetModel
{
  gatomicrefcount refs;
  RexnetModel *base;            /* owner of the weights, when not this one */
  RexnetNetwork net;
  GPtrArray *blobs;             /* of GBytes: what the tensors are views of */
  RexnetModelInfo info;
  char *name;
  char **labels;                /* info.classes of them, or NULL */
};

static const RexnetFamily *const families[] = {
  &rexnet_family_rexnet,
};

static const char *const variant_names[] = { "rexnet", "rexnet-lite", "rexnetr" };

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
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
      "no variant '%s': use rexnet, rexnet-lite or rexnetr", string);
  return FALSE;
}

/* ImageNet's statistics and timm's evaluation settings for ReXNet. */
static const RexnetInput default_input = {
  .width = 224,
  .height = 224,
  .interpolation = REXNET_INTERPOLATION_BICUBIC,
  .crop_pct = 0.875,
  .mean = { 0.485f, 0.456f, 0.406f },
  .std = { 0.229f, 0.224f, 0.225f },
};

static gboolean
build_network (RexnetModel * self, RexnetStateDict * dict, GError ** error)
{
  for (guint i = 0; i < G_N_ELEMENTS (families); i++) {
    if (families[i]->matches (dict))
      return families[i]->build (dict, &self->net, &self->info.variant, error)
          && rexnet_state_dict_all_taken (dict, error);
  }
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_UNSUPPORTED,
      "%s: holds no ReXNet: neither the keys of the official code "
      "(features.3.out.0.weight) nor those of timm "
      "(features.0.conv_dw.conv.weight) are there", dict->source);
  return FALSE;
}

static void
add_parameters (const RexnetConv * conv, const char *name, gboolean pooled,
    gpointer data)
{
  *(guint64 *) data += rexnet_conv_parameters (conv);
}

static void
fill_info (RexnetModel * self, const double *width)
{
  RexnetModelInfo *info = &self->info;

  info->name = self->name;
  info->depth = self->net.n_blocks;
  info->classes = rexnet_network_classes (&self->net);
  info->features = self->net.classifier[self->net.n_classifiers - 1].in;
  info->width = width ? *width
      : rexnet_channels_width (&self->net, info->variant);
  info->input = default_input;
  rexnet_network_foreach (&self->net, add_parameters, &info->parameters);
}

RexnetModel *
rexnet_model_new (RexnetStateDict * dict, const char *name,
    const double *width, GError ** error)
{
  RexnetModel *self = g_new0 (RexnetModel, 1);

  g_atomic_ref_count_init (&self->refs);
  self->blobs = g_ptr_array_ref (dict->blobs);
  self->name = g_strdup (name);
  if (!build_network (self, dict, error)) {
    rexnet_model_unref (self);
    return NULL;
  }
  fill_info (self, width);
  return self;
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
  g_clear_pointer (&self->blobs, g_ptr_array_unref);
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

const char *
rexnet_model_get_label (RexnetModel * self, guint index)
{
  return self->labels && index < self->info.classes ? self->labels[index]
      : NULL;
}
