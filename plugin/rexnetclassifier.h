/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Classifies the frames of one stream: decides which of them get an inference,
 * carries the last result to the others, counts, and tells the element's bus.
 *
 * A frame passes through in three steps: it begins in the streaming thread, is
 * looked at in any, several at a time, and is finished in the thread that
 * pushes, in the order in which the frames began. Where nothing else is said a
 * function is called when no frame is between these steps. The element's
 * object lock is taken where it is needed, and must not be held.
 */
#pragma once

#include "rexnetchange.h"
#include "rexnetlast.h"
#include "rexnetlook.h"
#include "rexnetpacer.h"
#include "rexnetsettings.h"

G_BEGIN_DECLS

/* Of rexnetclassify and its parts. */
GST_DEBUG_CATEGORY_EXTERN (rexnet_classify_debug);

typedef struct
{
  GstElement *element;

  /* Guarded by the object lock. */
  RexnetEngine *engine;         /* written by start and stop alone */
  RexnetPacer pacer;
  RexnetTimes inference_times, preprocess_times;
  guint64 frames, inferred, skipped, errors;
  gboolean expecting;           /* a result, or there is one */
  guint phase;                  /* frames since one was due by the interval */

  GstVideoInfo info;
  GAsyncQueue *looks;           /* those that are not in use */
  RexnetLast last;
  RexnetChange change;
} RexnetClassifier;

/* A frame's way through. */
typedef struct
{
  GstBuffer *buffer;
  GstClockTime running;
  gint64 arrival;               /* monotonic */
  RexnetTuning tuning;          /* as it was when the frame came */
  RexnetLook *look;             /* NULL: no inference is due */
} RexnetPassage;

/* @self: zeroed; @element: owns it */
void rexnet_classifier_init (RexnetClassifier * self, GstElement * element);
void rexnet_classifier_clear (RexnetClassifier * self);

/*
 * @engine: taken, also on failure; released with rexnet_share_release()
 *
 * Runs two inferences of a grey picture: the first frame comes as fast as the
 * others then, and how fast that is can be announced.
 */
gboolean rexnet_classifier_start (RexnetClassifier * self,
    RexnetEngine * engine, GError ** error);
/* Fine when it is stopped already. */
void rexnet_classifier_stop (RexnetClassifier * self);

/* Prepares for frames of @info. Returns: FALSE when there is no way to read
 * them */
gboolean rexnet_classifier_set_info (RexnetClassifier * self,
    const GstVideoInfo * info);

/* Forgets the last result; @place: and the place in the stream. */
void rexnet_classifier_forget (RexnetClassifier * self, gboolean place);

/*
 * @passage: (out caller-allocates)
 * @buffer: stays the caller's, until the passage is finished
 *
 * Returns: FALSE when an error was posted
 */
gboolean rexnet_classifier_begin (RexnetClassifier * self,
    RexnetPassage * passage, GstBuffer * buffer, const GstSegment * segment,
    const RexnetTuning * tuning);

/* Runs the inference of @passage, which has a look. */
void rexnet_classifier_look (RexnetClassifier * self, RexnetPassage * passage);

/* Attaches the result to the buffer, which must be writable now.
 * Returns: FALSE when an error was posted */
gboolean rexnet_classifier_finish (RexnetClassifier * self,
    RexnetPassage * passage, const GstSegment * segment);

/* In place of finishing it. Any thread. */
void rexnet_classifier_abandon (RexnetClassifier * self,
    RexnetPassage * passage);

/* (transfer full): the stats of the element. Called with the object lock, at
 * any time. */
GstStructure *rexnet_classifier_get_stats (const RexnetClassifier * self);

G_END_DECLS
