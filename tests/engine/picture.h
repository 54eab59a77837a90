/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Test pictures as pure functions of place and size; make.py in
 * tests/data/preprocess draws the same ones.
 */
#pragma once

#include <rexnet/rexnet.h>

typedef struct
{
  RexnetImage image;
  guint8 *data;                 /* all planes, as GStreamer lays them out */
  gsize size;
} TestPicture;

/* Channel @c (0 to 2) of the pixel at (@x, @y). */
guint8 test_pixel (guint width, guint height, guint c, guint x, guint y);

/* Draws test_pixel() in @format; YUV formats hold the same numbers unconverted,
 * chroma from the even pixels of even rows. */
void test_picture_init (TestPicture * self, RexnetFormat format, guint width,
    guint height);
void test_picture_clear (TestPicture * self);
