/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RGB frames of one size through rexnetclassify. */
#pragma once

#include "common.h"

#define SIDE 48
#define SIZE (SIDE * SIDE * 3)

/* Of SIDE x SIDE. */
GstHarness *rgb_harness (const char *launch);

/* Pushes frame @n. Returns: (transfer full): what comes out */
GstBuffer *classify (GstHarness * h, guint n);

/* Pushes frame @n. Returns: the age of the result on it */
guint64 age_of (GstHarness * h, guint n);
