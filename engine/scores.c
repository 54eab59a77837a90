/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include <rexnet/rexnet.h>

void
rexnet_softmax (const float *logits, float *scores, guint n)
{
  float max = -INFINITY;
  double sum = 0.;

  for (guint i = 0; i < n; i++)
    max = MAX (max, logits[i]);
  for (guint i = 0; i < n; i++) {
    scores[i] = expf (logits[i] - max);
    sum += scores[i];
  }
  for (guint i = 0; i < n; i++)
    scores[i] = scores[i] / sum;
}

guint
rexnet_top_k (const float *scores, guint n, guint k, float threshold,
    RexnetScore * best)
{
  guint found = 0;

  for (guint i = 0; i < n; i++) {
    /* Written so that NaN fails it. */
    if (!(scores[i] >= threshold))
      continue;
    if (found == k && (k == 0 || !(scores[i] > best[k - 1].score)))
      continue;

    guint place = found < k ? found++ : k - 1;
    while (place > 0 && scores[i] > best[place - 1].score) {
      best[place] = best[place - 1];
      place--;
    }
    best[place] = (RexnetScore) { .index = i,.score = scores[i] };
  }
  return found;
}
