/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The GstCustomMeta "RexnetClassification": writing and reading it. The
 * contract for applications is docs/metadata.md.
 */
#pragma once

#include <gst/gst.h>
#include <rexnet/rexnet.h>

G_BEGIN_DECLS

#define REXNET_META_NAME "RexnetClassification"
#define REXNET_REGION_FRAME (-1)

/* Makes the meta known to GStreamer. Once a process, any thread. */
void rexnet_meta_register (void);

/*
 * RexnetResult: what was found in one region of one frame. The strings and
 * values belong to whoever filled it in; see there.
 */
typedef struct
{
  const char *model;
  const char *device;
  int region;                   /* REXNET_REGION_FRAME, or a region's id */
  GstClockTime age;             /* since the inference; 0: on this frame */
  guint n;                      /* labels, best first */
  const GValue *indices, *labels, *scores;      /* GST_TYPE_ARRAY each */
  GBytes *features;             /* (nullable): floats */
} RexnetResult;

typedef struct
{
  int index;
  const char *label;            /* never NULL */
  double score;
} RexnetLabel;

/* (transfer full): what class @index is called; "class 7" for one without a
 * label */
char *rexnet_result_name (RexnetModel * model, guint index);

/*
 * Sets the contract's fields in @structure, which may hold others.
 * @best: @n entries
 * @model: names the labels, as rexnet_result_name() has it
 */
void rexnet_result_to_structure (GstStructure * structure, RexnetModel * model,
    const char *device, int region, GstClockTime age,
    const RexnetScore * best, guint n);

/* Adds one meta with a copy of @structure's fields. @buffer must be writable. */
void rexnet_meta_add (GstBuffer * buffer, const GstStructure * structure);

/*
 * Steps through the results on @buffer. *@state is NULL at first. @result
 * points into the buffer's meta and is valid as long as that is.
 *
 * Returns: FALSE when there are no more
 */
gboolean rexnet_meta_next (GstBuffer * buffer, gpointer * state,
    RexnetResult * result);

/* What rexnet_result_to_structure() wrote; @result points into @structure. */
void rexnet_result_from_structure (RexnetResult * result,
    const GstStructure * structure);

/* @i < result->n. A value of a wrong type reads as 0 or "". */
RexnetLabel rexnet_result_get (const RexnetResult * result, guint i);

G_END_DECLS
