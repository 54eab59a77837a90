/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * Whether the JPEG file @data goes on to its end-of-image marker. Decoders
 * paint what is missing of a shorter one grey and say nothing.
 * Source: ITU-T T.81, annex B.
 */
gboolean jpeg_is_complete (const guint8 * data, gsize size);
