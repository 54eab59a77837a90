/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file says of itself beside its tensors. */
#pragma once

#include <rexnet/rexnet.h>

typedef struct
{
  char *name;
  gboolean has_variant, has_width;
  RexnetVariant variant;
  double width;                 /* multiplier */
  guint classes;                /* 0: not told */
  RexnetInput input;
  double bn_eps;                /* of batch norm; 0: the family's */
  gboolean has_padding, same;   /* SAME as in TensorFlow, or symmetric */
  char **labels;                /* or NULL */
  char *labels_from;            /* what errors call them; NULL: the model */
} RexnetSettings;

/* ImageNet's statistics and timm's evaluation settings for ReXNet. */
void rexnet_settings_init (RexnetSettings * settings);
void rexnet_settings_clear (RexnetSettings * settings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RexnetSettings, rexnet_settings_clear)

/* Whether what timm calls @name was trained in TensorFlow. */
gboolean rexnet_name_is_tensorflow (const char *name);
/* What timm's ports of TensorFlow weights differ by. */
void rexnet_settings_set_tensorflow (RexnetSettings * settings);

/* The value of "rexnet.settings". @where: what errors call it. */
gboolean rexnet_settings_parse (RexnetSettings * settings, const char *text,
    const char *where, GError ** error);

/* A config.json of timm's: its pretrained_cfg, num_classes and label names. */
gboolean rexnet_settings_parse_timm (RexnetSettings * settings,
    const char *text, gsize length, const char *where, GError ** error);

/* The value of "rexnet.labels", a JSON array of strings. */
gboolean rexnet_settings_parse_labels (RexnetSettings * settings,
    const char *text, const char *where, GError ** error);

/* Reads a file with one label a line. Returns: (transfer full). */
char **rexnet_labels_read (const char *path, GError ** error);
