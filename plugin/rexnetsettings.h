/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a person sets on rexnetclassify, and its properties for that. The
 * caller locks. */
#pragma once

#include <gst/gst.h>

#include "rexnetshare.h"

G_BEGIN_DECLS

/* Property ids, which an element's own ones follow. */
enum
{
  REXNET_SETTING_0,
  REXNET_SETTING_MODEL,
  REXNET_SETTING_LABELS,
  REXNET_SETTING_WIDTH,
  REXNET_SETTING_VARIANT,
  REXNET_SETTING_DEVICE,
  REXNET_SETTING_PRECISION,
  REXNET_SETTING_CACHE_DIR,
  REXNET_SETTING_THREADS,
  REXNET_SETTING_SCHEDULING,
  REXNET_SETTING_TOP_K,
  REXNET_SETTING_THRESHOLD,
  REXNET_SETTING_INTERVAL,
  REXNET_SETTING_FEATURES,
  REXNET_SETTING_POST_MESSAGES,
  REXNET_SETTING_CHANGE_AFTER,
  REXNET_SETTING_ANALYTICS_TOP_K,
  REXNET_N_SETTINGS
};

/* What may change while frames flow. */
typedef struct
{
  guint top_k;
  double threshold;
  guint interval;
  gboolean features;
  gboolean post_messages;
  guint change_after;           /* results in a row; 0: changes aren't told */
  guint analytics_top_k;
} RexnetTuning;

typedef struct
{
  char *model, *labels;         /* NULL: unset */
  char *device;
  char *cache_dir;              /* NULL: unset; "" is not the same */
  int variant;                  /* a RexnetVariant or REXNET_VARIANT_ANY */
  double width;
  guint threads;
  RexnetScheduling scheduling;
  RexnetPrecision precision;
  RexnetTuning tuning;
} RexnetSettings;

/* Installs the properties 1 to REXNET_N_SETTINGS - 1. */
void rexnet_settings_install (GObjectClass * klass);

void rexnet_settings_init (RexnetSettings * self);
void rexnet_settings_clear (RexnetSettings * self);
/* @self: zeroed */
void rexnet_settings_copy (RexnetSettings * self, const RexnetSettings * from);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RexnetSettings, rexnet_settings_clear)

void rexnet_settings_set (RexnetSettings * self, guint id,
    const GValue * value);
void rexnet_settings_get (const RexnetSettings * self, guint id,
    GValue * value);

/* The request points into @self. */
void rexnet_settings_to_request (const RexnetSettings * self,
    RexnetRequest * request);

G_END_DECLS
