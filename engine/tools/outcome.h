/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define OUTCOME_TOP 5

typedef enum
{
  OUTCOME_PENDING,
  OUTCOME_CLASSIFIED,
  OUTCOME_UNREADABLE,
} OutcomeState;

/* What became of one picture of a data set. */
typedef struct
{
  OutcomeState state;
  guint n;                      /* of the best classes, at most OUTCOME_TOP */
  guint best[OUTCOME_TOP];      /* best first */
} Outcome;
