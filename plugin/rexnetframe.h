/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a GstBuffer of any raw video format to the RexnetImage that an engine
 * reads. What librexnet reads in place is only described; the rest goes
 * through GstVideoConverter, as many pixels of it as the crop needs.
 * One thread at a time uses a RexnetFrame.
 */
#pragma once

#include <gst/video/video.h>
#include <rexnet/rexnet.h>

G_BEGIN_DECLS

typedef struct
{
  GstVideoInfo info;            /* as negotiated */
  gboolean native;              /* image.format is read in place */
  RexnetImage image;            /* format and colours; planes while mapped */
  GstVideoFrame frame;          /* the mapped buffer */
  GstVideoConverter *converter; /* to pixels, where not native */
  GstVideoRectangle region;     /* the part that is converted */
  GstVideoFrame pixels;         /* RGB, of the whole frame's size */
} RexnetFrame;

/* Returns: (transfer full): every raw format that GStreamer knows, in system
 * memory; those that are read in place stand first */
GstCaps *rexnet_frame_caps (void);

/* Returns: (transfer full): @caps, but formats that are read in place first */
GstCaps *rexnet_frame_sort_caps (GstCaps * caps);

/* Takes GstVideoCropMeta out of the answer to an ALLOCATION query: upstream
 * cuts its frames itself then. */
void rexnet_frame_refuse_crop (GstQuery * query);

/*
 * Prepares for frames of @info, to be read as @input says. @self was zeroed
 * before the first call.
 *
 * Returns: FALSE when GStreamer can't convert the format
 */
gboolean rexnet_frame_setup (RexnetFrame * self, const GstVideoInfo * info,
    const RexnetInput * input);

/* Back to zero; fine on a zeroed @self. */
void rexnet_frame_clear (RexnetFrame * self);

/*
 * Maps @buffer. The image is valid until rexnet_frame_unmap(), which must
 * follow each success; the buffer must live until then.
 *
 * Returns: NULL with the error when the buffer does not hold such a frame
 */
const RexnetImage *rexnet_frame_map (RexnetFrame * self, GstBuffer * buffer,
    GError ** error);
void rexnet_frame_unmap (RexnetFrame * self);

G_END_DECLS
