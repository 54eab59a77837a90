/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "published.h"

static const char *const sources[] = {
  /* a */
  "https://github.com/clovaai/rexnet, README.md at 61debcc; EfficientNet as in "
      "arXiv 1905.11946v3",
  /* b */
  "https://github.com/huggingface/pytorch-image-models, "
      "results/results-imagenet.csv at 0173a13",
  /* c */
  "https://github.com/huggingface/pytorch-image-models, notes in README.md, and "
      "the model card of rexnetr_300.sw_in12k_ft_in1k; trained on ImageNet-12k "
      "first",
  /* d */
  "https://github.com/tensorflow/tpu, models/official/efficientnet/lite/README.md"
      " at 07e173c",
};

/*
 * All at the input size of the model, rexnet and rexnetr at 224 x 224. The
 * README of clovaai/rexnet prints 16 and 34 million parameters for the widths
 * 2.0 and 3.0, which timm counts to another digit. Of rexnet at 2.2 it gives
 * no accuracy on ImageNet, and of 1.0 to 1.5 rexnetr nobody has published
 * weights.
 */
const Published published[] = {
  {"rexnet_090", "0.35", "4.1", "77.2", "93.5", "a"},
  {"rexnet_100", "0.40", "4.8", "77.9", "93.9", "a"},
  {"rexnet_130", "0.66", "7.6", "79.5", "94.7", "a"},
  {"rexnet_150", "0.88", "9.7", "80.3", "95.2", "a"},
  {"rexnet_200", "1.5", "16.37", "81.6", "95.7", "ab"},
  {"rexnet_220", NULL, NULL, NULL, NULL, ""},
  {"rexnet_300", "3.4", "34.71", "82.8", "96.2", "ab"},
  {"rexnetr_100", NULL, NULL, NULL, NULL, ""},
  {"rexnetr_130", NULL, NULL, NULL, NULL, ""},
  {"rexnetr_150", NULL, NULL, NULL, NULL, ""},
  {"rexnetr_200", NULL, "16.52", "82.6", NULL, "c"},
  {"rexnetr_300", NULL, "34.81", "84.0", NULL, "c"},
  {"rexnet_lite_100", "0.41", "4.7", "76.2", "92.8", "a"},
  {"rexnet_lite_130", "0.65", "6.8", "77.8", "93.8", "a"},
  {"rexnet_lite_150", "0.84", "8.3", "78.6", "94.2", "a"},
  {"rexnet_lite_200", "1.5", "13", "80.2", "95.0", "a"},
  {"efficientnet_b0", "0.39", "5.3", "77.3", "93.5", "a"},
  {"efficientnet_b1", "0.70", "7.8", "79.2", "94.5", "a"},
  {"efficientnet_b2", "1.0", "9.2", "80.3", "95.0", "a"},
  {"efficientnet_b3", "1.8", "12", "81.7", "95.6", "a"},
  {"efficientnet_lite0", "0.407", "4.7", "75.1", NULL, "d"},
  {"efficientnet_lite1", "0.631", "5.4", "76.7", NULL, "d"},
  {"efficientnet_lite2", "0.899", "6.1", "77.6", NULL, "d"},
  {"efficientnet_lite3", "1.44", "8.2", "79.8", NULL, "d"},
  {"efficientnet_lite4", "2.64", "13.0", "81.5", NULL, "d"},
};

const guint n_published = G_N_ELEMENTS (published);

const char *
published_source (char letter)
{
  return letter >= 'a' && letter < 'a' + (int) G_N_ELEMENTS (sources)
      ? sources[letter - 'a'] : NULL;
}
