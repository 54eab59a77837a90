/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models whose weights are pure functions of their keys. */
#include <string.h>

#include "channels.h"
#include "efficientnet.h"
#include "fail.h"
#include "family.h"
#include "generate.h"
#include "model.h"

#define MIN_WIDTH 0.1
#define MAX_WIDTH 10
#define MAX_CLASSES 65536

static gboolean
check_recipe (const RexnetRecipe * recipe, GError ** error)
{
  if (recipe->variant > REXNET_VARIANT_EFFICIENTNET_LITE)
    return rexnet_fail (error, REXNET_ERROR_ARGUMENT, "no variant %d",
        recipe->variant);
  if (!(recipe->width >= MIN_WIDTH && recipe->width <= MAX_WIDTH))
    return rexnet_fail (error, REXNET_ERROR_ARGUMENT,
        "the width multiplier is %g, but must be between %g and %d",
        recipe->width, MIN_WIDTH, MAX_WIDTH);
  return (recipe->classes >= 1 && recipe->classes <= MAX_CLASSES)
      || rexnet_fail (error, REXNET_ERROR_ARGUMENT,
      "the number of classes is %u, but must be between 1 and %u",
      recipe->classes, MAX_CLASSES);
}

static RexnetModel *
generate (const RexnetRecipe * recipe, const char *name, GError ** error)
{
  g_autoptr (RexnetStateDict) dict = NULL;
  g_auto (RexnetSettings) settings;
  RexnetGenerator g = { .error = error };
  const RexnetFamily *family;

  rexnet_settings_init (&settings);
  if (!check_recipe (recipe, error))
    return NULL;
  settings.name = g_strdup_printf ("%s-generated", name);
  settings.has_variant = settings.has_width = TRUE;
  settings.variant = recipe->variant;
  settings.width = recipe->width;
  g.dict = dict = rexnet_state_dict_new (settings.name);
  rexnet_generate_network (&g, recipe);
  if (g.failed)
    return NULL;
  family = rexnet_family_of (dict);
  if (family->defaults)
    family->defaults (dict, &settings.input);
  return rexnet_model_new (dict, &settings, error);
}

/* An EfficientNet that was not published gets the depth of B0. */
static double
depth_of (RexnetVariant variant, double width)
{
  const RexnetEfficientnet *published = rexnet_efficientnet_of_width
      (variant == REXNET_VARIANT_EFFICIENTNET_LITE, width);

  return published ? published->depth : 1;
}

RexnetModel *
rexnet_model_generate (RexnetVariant variant, double width, guint classes,
    GError ** error)
{
  const RexnetRecipe recipe = {
    variant, width, depth_of (variant, width), classes
  };
  g_autofree char *number = rexnet_width_to_string (width);
  g_autofree char *name = NULL;

  if (!check_recipe (&recipe, error))
    return NULL;
  name = g_strdup_printf ("%s-%s", rexnet_variant_to_string (variant), number);
  return generate (&recipe, name, error);
}

/* Names that end in the width in percent. The longer of two prefixes first. */
static const struct
{
  const char *prefix;
  RexnetVariant variant;
} prefixes[] = {
  {"rexnet_lite_", REXNET_VARIANT_REXNET_LITE},
  {"rexnetr_", REXNET_VARIANT_REXNETR},
  {"rexnet_", REXNET_VARIANT_REXNET},
};

static gboolean
parse_name (const char *name, RexnetRecipe * recipe, GError ** error)
{
  const RexnetEfficientnet *published = rexnet_efficientnet_named (name);
  guint64 percent;

  if (published) {
    recipe->variant = published->lite ? REXNET_VARIANT_EFFICIENTNET_LITE
        : REXNET_VARIANT_EFFICIENTNET;
    recipe->width = published->width;
    recipe->depth = published->depth;
    return TRUE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++) {
    const char *number = name + strlen (prefixes[i].prefix);

    if (!g_str_has_prefix (name, prefixes[i].prefix)
        || !g_ascii_string_to_unsigned (number, 10, 1, 10000, &percent, NULL))
      continue;
    recipe->variant = prefixes[i].variant;
    recipe->width = percent / 100.;
    return TRUE;
  }
  return rexnet_fail (error, REXNET_ERROR_ARGUMENT,
      "no network is called '%s': use rexnet_100, rexnetr_100 or "
      "rexnet_lite_100, with the width multiplier in percent, or "
      "efficientnet_b0 to b7, or efficientnet_lite0 to lite4", name);
}

RexnetModel *
rexnet_model_generate_named (const char *name, guint classes, GError ** error)
{
  g_autofree char *canonical = g_strdelimit (g_strdup (name), "-", '_');
  RexnetRecipe recipe = { .classes = classes };

  return parse_name (canonical, &recipe, error)
      ? generate (&recipe, canonical, error) : NULL;
}
