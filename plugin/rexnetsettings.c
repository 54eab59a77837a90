/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetsettings.h"

#include "rexnetenums.h"

#define MAX_WIDTH 10.0
#define MAX_THREADS 256
#define DEFAULT_DEVICE "auto"

void
rexnet_settings_init (RexnetSettings * self)
{
  *self = (RexnetSettings) {
    .device = g_strdup (DEFAULT_DEVICE),
    .variant = REXNET_VARIANT_ANY,
    .tuning = { .top_k = 5, .interval = 1, .analytics_top_k = 1 },
  };
}

void
rexnet_settings_clear (RexnetSettings * self)
{
  g_free (self->model);
  g_free (self->labels);
  g_free (self->device);
  g_free (self->cache_dir);
}

void
rexnet_settings_copy (RexnetSettings * self, const RexnetSettings * from)
{
  *self = *from;
  self->model = g_strdup (from->model);
  self->labels = g_strdup (from->labels);
  self->device = g_strdup (from->device);
  self->cache_dir = g_strdup (from->cache_dir);
}

void
rexnet_settings_to_request (const RexnetSettings * self,
    RexnetRequest * request)
{
  gboolean any = self->variant == REXNET_VARIANT_ANY;

  *request = (RexnetRequest) {
    .model = self->model, .labels = self->labels,
    .any_variant = any, .variant = any ? 0 : self->variant,
    .width = self->width, .device = self->device, .threads = self->threads,
    .scheduling = self->scheduling, .precision = self->precision,
    .cache_dir = self->cache_dir,
  };
}

/* An empty @value is @unset. */
static void
set_string (char **field, const GValue * value, const char *unset)
{
  const char *string = g_value_get_string (value);

  g_free (*field);
  *field = g_strdup (string && *string ? string : unset);
}

void
rexnet_settings_set (RexnetSettings * self, guint id, const GValue * value)
{
  switch (id) {
    case REXNET_SETTING_MODEL:
      set_string (&self->model, value, NULL);
      break;
    case REXNET_SETTING_LABELS:
      set_string (&self->labels, value, NULL);
      break;
    case REXNET_SETTING_WIDTH:
      self->width = g_value_get_double (value);
      break;
    case REXNET_SETTING_VARIANT:
      self->variant = g_value_get_enum (value);
      break;
    case REXNET_SETTING_DEVICE:
      set_string (&self->device, value, DEFAULT_DEVICE);
      break;
    case REXNET_SETTING_PRECISION:
      self->precision = g_value_get_enum (value);
      break;
    case REXNET_SETTING_CACHE_DIR:
      g_free (self->cache_dir);
      self->cache_dir = g_value_dup_string (value);
      break;
    case REXNET_SETTING_THREADS:
      self->threads = g_value_get_uint (value);
      break;
    case REXNET_SETTING_SCHEDULING:
      self->scheduling = g_value_get_enum (value);
      break;
    case REXNET_SETTING_TOP_K:
      self->tuning.top_k = g_value_get_uint (value);
      break;
    case REXNET_SETTING_THRESHOLD:
      self->tuning.threshold = g_value_get_double (value);
      break;
    case REXNET_SETTING_INTERVAL:
      self->tuning.interval = g_value_get_uint (value);
      break;
    case REXNET_SETTING_FEATURES:
      self->tuning.features = g_value_get_boolean (value);
      break;
    case REXNET_SETTING_POST_MESSAGES:
      self->tuning.post_messages = g_value_get_boolean (value);
      break;
    case REXNET_SETTING_CHANGE_AFTER:
      self->tuning.change_after = g_value_get_uint (value);
      break;
    case REXNET_SETTING_ANALYTICS_TOP_K:
      self->tuning.analytics_top_k = g_value_get_uint (value);
      break;
  }
}

void
rexnet_settings_get (const RexnetSettings * self, guint id, GValue * value)
{
  switch (id) {
    case REXNET_SETTING_MODEL:
      g_value_set_string (value, self->model);
      break;
    case REXNET_SETTING_LABELS:
      g_value_set_string (value, self->labels);
      break;
    case REXNET_SETTING_WIDTH:
      g_value_set_double (value, self->width);
      break;
    case REXNET_SETTING_VARIANT:
      g_value_set_enum (value, self->variant);
      break;
    case REXNET_SETTING_DEVICE:
      g_value_set_string (value, self->device);
      break;
    case REXNET_SETTING_PRECISION:
      g_value_set_enum (value, self->precision);
      break;
    case REXNET_SETTING_CACHE_DIR:
      g_value_set_string (value, self->cache_dir);
      break;
    case REXNET_SETTING_THREADS:
      g_value_set_uint (value, self->threads);
      break;
    case REXNET_SETTING_SCHEDULING:
      g_value_set_enum (value, self->scheduling);
      break;
    case REXNET_SETTING_TOP_K:
      g_value_set_uint (value, self->tuning.top_k);
      break;
    case REXNET_SETTING_THRESHOLD:
      g_value_set_double (value, self->tuning.threshold);
      break;
    case REXNET_SETTING_INTERVAL:
      g_value_set_uint (value, self->tuning.interval);
      break;
    case REXNET_SETTING_FEATURES:
      g_value_set_boolean (value, self->tuning.features);
      break;
    case REXNET_SETTING_POST_MESSAGES:
      g_value_set_boolean (value, self->tuning.post_messages);
      break;
    case REXNET_SETTING_CHANGE_AFTER:
      g_value_set_uint (value, self->tuning.change_after);
      break;
    case REXNET_SETTING_ANALYTICS_TOP_K:
      g_value_set_uint (value, self->tuning.analytics_top_k);
      break;
  }
}

static void
install_model_properties (GObjectClass * klass, GParamFlags flags)
{
  g_object_class_install_property (klass, REXNET_SETTING_MODEL,
      g_param_spec_string ("model", "Model",
          "Model file (.pth, .bin or .safetensors) or the name of one that "
          "'rexnet pull' installed; unset: the one found by width and variant, "
          "or the built-in one", NULL, flags));
  g_object_class_install_property (klass, REXNET_SETTING_LABELS,
      g_param_spec_string ("labels", "Labels",
          "Text file with one label a line, in place of the model's own", NULL,
          flags));
  g_object_class_install_property (klass, REXNET_SETTING_WIDTH,
      g_param_spec_double ("width", "Width",
          "Width multiplier of the model to look for or to insist on; 0: any",
          0, MAX_WIDTH, 0, flags));
  g_object_class_install_property (klass, REXNET_SETTING_VARIANT,
      g_param_spec_enum ("variant", "Variant",
          "Variant of the model to look for or to insist on",
          GST_TYPE_REXNET_VARIANT, REXNET_VARIANT_ANY, flags));
}

static void
install_device_properties (GObjectClass * klass, GParamFlags flags)
{
  g_object_class_install_property (klass, REXNET_SETTING_DEVICE,
      g_param_spec_string ("device", "Device",
          "Where to run: auto, cpu, opencl, opencl:INDEX, or part of an OpenCL "
          "device's name", DEFAULT_DEVICE, flags));
  g_object_class_install_property (klass, REXNET_SETTING_PRECISION,
      g_param_spec_enum ("precision", "Precision",
          "Number format of weights and activations", GST_TYPE_REXNET_PRECISION,
          REXNET_PRECISION_AUTO, flags));
  g_object_class_install_property (klass, REXNET_SETTING_CACHE_DIR,
      g_param_spec_string ("cache-dir", "Cache folder",
          "Where compiled OpenCL programs are kept; unset: rexnet in the "
          "user's cache folder; empty: nowhere", NULL, flags));
  g_object_class_install_property (klass, REXNET_SETTING_THREADS,
      g_param_spec_uint ("threads", "Threads",
          "Worker threads; 0: one for each core", 0, MAX_THREADS, 0, flags));
  g_object_class_install_property (klass, REXNET_SETTING_SCHEDULING,
      g_param_spec_enum ("scheduling", "Scheduling",
          "How the threads share the work", GST_TYPE_REXNET_SCHEDULING,
          REXNET_SCHEDULING_LATENCY, flags));
}

static void
install_tuning_properties (GObjectClass * klass, GParamFlags flags)
{
  g_object_class_install_property (klass, REXNET_SETTING_TOP_K,
      g_param_spec_uint ("top-k", "Top k", "Most labels a frame, best first",
          1, G_MAXUINT16, 5, flags));
  g_object_class_install_property (klass, REXNET_SETTING_THRESHOLD,
      g_param_spec_double ("threshold", "Threshold", "Least score of a label",
          0, 1, 0, flags));
  g_object_class_install_property (klass, REXNET_SETTING_INTERVAL,
      g_param_spec_uint ("interval", "Interval",
          "Classify every Nth frame; the others carry the last result and its "
          "age", 1, G_MAXUINT, 1, flags));
  g_object_class_install_property (klass, REXNET_SETTING_FEATURES,
      g_param_spec_boolean ("features", "Features",
          "Attach the feature vector as well, for search and "
          "re-identification: what the classifier's last layer sees", FALSE,
          flags));
  g_object_class_install_property (klass, REXNET_SETTING_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages",
          "Post each new result on the bus, as an element message "
          "\"rexnet-classification\"", FALSE, flags));
  g_object_class_install_property (klass, REXNET_SETTING_CHANGE_AFTER,
      g_param_spec_uint ("change-after", "Change after",
          "Post an element message \"rexnet-label-changed\" when the best "
          "label has been another one in this many results in a row; 0: never",
          0, G_MAXUINT16, 0, flags));
#ifdef HAVE_ANALYTICS
  g_object_class_install_property (klass, REXNET_SETTING_ANALYTICS_TOP_K,
      g_param_spec_uint ("analytics-top-k", "Analytics top k",
          "Most labels in the GstAnalyticsClsMtd; readers may take all of them "
          "for true", 0, 16, 1, flags));
#endif
}

void
rexnet_settings_install (GObjectClass * klass)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  install_model_properties (klass, flags | GST_PARAM_MUTABLE_READY);
  install_device_properties (klass, flags | GST_PARAM_MUTABLE_READY);
  install_tuning_properties (klass, flags | GST_PARAM_MUTABLE_PLAYING);
}
