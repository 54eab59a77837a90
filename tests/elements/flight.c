/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Buffers under way by themselves: order, threads, flows, flushes. */
#include <sys/resource.h>
#include <unistd.h>

#include "common.h"

#include "rexnetflight.h"

/* An item is its number, in the order of entering, from 1 on. */
#define ITEM(n) GUINT_TO_POINTER (n)
#define WORKERS 3

/* What the callbacks do and see. */
typedef struct
{
  GMutex lock;
  GCond changed;
  GRand *rand;                  /* of the delays in work; NULL: none */
  guint meet;                   /* how many workers wait for each other */
  guint at_work, met;
  gboolean held;                /* outputs wait */
  guint holding;
  guint fail_at;                /* this output returns flow */
  GstFlowReturn flow;
  GArray *out;                  /* guint */
  guint worked, dropped;
} Seen;

static void
work (gpointer item, gpointer data)
{
  Seen *seen = data;
  gulong us = 0;

  g_mutex_lock (&seen->lock);
  seen->worked++;
  if (++seen->at_work == seen->meet)
    seen->met++;
  g_cond_broadcast (&seen->changed);
  while (seen->meet && !seen->met)      /* or until they part */
    g_cond_wait (&seen->changed, &seen->lock);
  if (seen->rand)
    us = g_rand_int_range (seen->rand, 0, 2000);
  g_mutex_unlock (&seen->lock);
  g_usleep (us);
  g_mutex_lock (&seen->lock);
  seen->at_work--;
  g_mutex_unlock (&seen->lock);
}

static GstFlowReturn
output (gpointer item, gpointer data)
{
  Seen *seen = data;
  guint n = GPOINTER_TO_UINT (item);
  GstFlowReturn flow;

  g_mutex_lock (&seen->lock);
  seen->holding++;
  g_cond_broadcast (&seen->changed);
  while (seen->held)
    g_cond_wait (&seen->changed, &seen->lock);
  seen->holding--;
  g_array_append_val (seen->out, n);
  flow = n == seen->fail_at ? seen->flow : GST_FLOW_OK;
  g_mutex_unlock (&seen->lock);
  return flow;
}

static void
drop (gpointer item, gpointer data)
{
  Seen *seen = data;

  g_mutex_lock (&seen->lock);
  seen->dropped++;
  g_mutex_unlock (&seen->lock);
}

static const RexnetFlightFuncs funcs = { work, output, drop };

static RexnetFlight *
start (Seen * seen, GstPad ** pad)
{
  RexnetFlight *flight;

  *seen = (Seen) { .out = g_array_new (FALSE, FALSE, sizeof (guint)) };
  *pad = gst_pad_new ("src", GST_PAD_SRC);
  flight = rexnet_flight_new (*pad, &funcs, seen);
  fail_unless (rexnet_flight_start (flight, WORKERS, NULL));
  return flight;
}

static void
stop (RexnetFlight * flight, Seen * seen, GstPad * pad)
{
  rexnet_flight_stop (flight);
  rexnet_flight_free (flight);
  gst_object_unref (pad);
  g_array_unref (seen->out);
  g_clear_pointer (&seen->rand, g_rand_free);
}

/* As the element does. */
static GstFlowReturn
enter (RexnetFlight * flight, guint n, gboolean needs_work)
{
  GstFlowReturn flow = rexnet_flight_wait (flight, 0);

  return flow == GST_FLOW_OK ? rexnet_flight_enter (flight, ITEM (n),
      needs_work, 0) : flow;
}

/* Ends the meeting of the workers, and the rule. */
static void
part (Seen * seen)
{
  g_mutex_lock (&seen->lock);
  seen->meet = 0;
  g_cond_broadcast (&seen->changed);
  g_mutex_unlock (&seen->lock);
}

static void
set_held (Seen * seen, gboolean held)
{
  g_mutex_lock (&seen->lock);
  seen->held = held;
  g_cond_broadcast (&seen->changed);
  g_mutex_unlock (&seen->lock);
}

/* Until an output is held. */
static void
wait_for_output (Seen * seen)
{
  g_mutex_lock (&seen->lock);
  while (!seen->holding)
    g_cond_wait (&seen->changed, &seen->lock);
  g_mutex_unlock (&seen->lock);
}

GST_START_TEST (test_order_under_random_delays)
{
  guint32 seed = g_random_int ();
  RexnetFlight *flight;
  GstPad *pad;
  Seen seen;

  g_print ("seed %u\n", seed);
  flight = start (&seen, &pad);
  seen.rand = g_rand_new_with_seed (seed);
  for (guint n = 1; n <= 300; n++)
    fail_unless_equals_int (enter (flight, n, n % 5 != 0), GST_FLOW_OK);
  rexnet_flight_drain (flight);
  fail_unless_equals_int (seen.out->len, 300);
  for (guint n = 1; n <= 300; n++)
    fail_unless_equals_int (g_array_index (seen.out, guint, n - 1), n);
  fail_unless_equals_int (seen.worked, 240);
  fail_unless_equals_int (seen.dropped, 0);
  stop (flight, &seen, pad);
}

GST_END_TEST;

/* None of them can end before the last of them has begun. */
GST_START_TEST (test_side_by_side)
{
  RexnetFlight *flight;
  GstPad *pad;
  Seen seen;

  flight = start (&seen, &pad);
  seen.meet = WORKERS;
  for (guint n = 1; n <= WORKERS; n++)
    fail_unless_equals_int (enter (flight, n, TRUE), GST_FLOW_OK);
  rexnet_flight_drain (flight);
  fail_unless_equals_int (seen.met, 1);
  fail_unless_equals_int (seen.out->len, WORKERS);
  stop (flight, &seen, pad);
}

GST_END_TEST;

/* What an output returns comes back once, and nothing behind it goes out. */
GST_START_TEST (test_flow)
{
  static const GstFlowReturn flows[] = { GST_FLOW_EOS, GST_FLOW_ERROR,
    GST_FLOW_NOT_LINKED, GST_FLOW_FLUSHING, GST_FLOW_NOT_NEGOTIATED
  };

  for (guint i = 0; i < G_N_ELEMENTS (flows); i++) {
    GstFlowReturn flow = GST_FLOW_OK;
    RexnetFlight *flight;
    guint n = 0;
    GstPad *pad;
    Seen seen;

    flight = start (&seen, &pad);
    seen.fail_at = 5;
    seen.flow = flows[i];
    while (flow == GST_FLOW_OK)
      flow = enter (flight, ++n, TRUE);
    fail_unless_equals_int (flow, flows[i]);
    rexnet_flight_drain (flight);
    fail_unless_equals_int (seen.out->len, 5);
    fail_unless_equals_int (enter (flight, 100, TRUE), GST_FLOW_OK);
    rexnet_flight_drain (flight);
    fail_unless_equals_int (seen.out->len, 6);
    fail_unless_equals_int (g_array_index (seen.out, guint, 5), 100);
    stop (flight, &seen, pad);
  }
}

GST_END_TEST;

GST_START_TEST (test_eos_is_forgotten)
{
  RexnetFlight *flight;
  GstPad *pad;
  Seen seen;

  flight = start (&seen, &pad);
  for (guint i = 0; i < 2; i++) {
    seen.fail_at = 1;
    seen.flow = i ? GST_FLOW_ERROR : GST_FLOW_EOS;
    enter (flight, 1, TRUE);
    rexnet_flight_drain (flight);
    rexnet_flight_forget_eos (flight);
    fail_unless_equals_int (rexnet_flight_take_flow (flight), i ?
        GST_FLOW_ERROR : GST_FLOW_OK);
  }
  stop (flight, &seen, pad);
}

GST_END_TEST;

/* As many enter as there are workers while one is held on its way out; the
 * next waits, and a flush wakes it. */
static gpointer
enter_one_more (gpointer flight)
{
  return GINT_TO_POINTER (enter (flight, 100, TRUE));
}

GST_START_TEST (test_flush_wakes_who_waits)
{
  RexnetFlight *flight;
  GThread *thread;
  GstPad *pad;
  Seen seen;

  flight = start (&seen, &pad);
  set_held (&seen, TRUE);
  enter (flight, 1, TRUE);
  wait_for_output (&seen);
  for (guint n = 2; n < 2 + WORKERS; n++)
    fail_unless_equals_int (enter (flight, n, TRUE), GST_FLOW_OK);
  thread = g_thread_new ("enter", enter_one_more, flight);
  rexnet_flight_flush_start (flight);
  fail_unless_equals_int (GPOINTER_TO_INT (g_thread_join (thread)),
      GST_FLOW_FLUSHING);
  set_held (&seen, FALSE);
  rexnet_flight_flush_stop (flight);
  fail_unless_equals_int (seen.out->len, 1);
  fail_unless_equals_int (seen.dropped, WORKERS);

  fail_unless_equals_int (enter (flight, 50, TRUE), GST_FLOW_OK);
  rexnet_flight_drain (flight);
  fail_unless_equals_int (seen.out->len, 2);
  stop (flight, &seen, pad);
}

GST_END_TEST;

static GstFlowReturn
enter_queued (RexnetFlight * flight, guint n)
{
  GstFlowReturn flow = rexnet_flight_wait (flight, 1);

  return flow == GST_FLOW_OK ? rexnet_flight_enter (flight, ITEM (n), TRUE, 1)
      : flow;
}

static gpointer
enter_one_more_queued (gpointer flight)
{
  return GINT_TO_POINTER (enter_queued (flight, 100));
}

/* One enters on top of those that are worked on, and no more. */
GST_START_TEST (test_queued)
{
  RexnetFlight *flight;
  GThread *thread;
  GstPad *pad;
  Seen seen;

  flight = start (&seen, &pad);
  seen.meet = WORKERS + 1;
  for (guint n = 1; n <= WORKERS + 1; n++)
    fail_unless_equals_int (enter_queued (flight, n), GST_FLOW_OK);
  thread = g_thread_new ("enter", enter_one_more_queued, flight);
  g_usleep (20000);             /* time to enter too early */
  rexnet_flight_flush_start (flight);
  fail_unless_equals_int (GPOINTER_TO_INT (g_thread_join (thread)),
      GST_FLOW_FLUSHING);
  part (&seen);
  rexnet_flight_flush_stop (flight);
  fail_unless_equals_int (seen.out->len, 0);
  fail_unless_equals_int (seen.dropped, WORKERS + 1);
  stop (flight, &seen, pad);
}

GST_END_TEST;

/* Among idle ones as well: those that are worked on, and one more. */
GST_START_TEST (test_queued_among_idle)
{
  RexnetFlight *flight;
  GstPad *pad;
  Seen seen;

  flight = start (&seen, &pad);
  seen.meet = WORKERS + 1;
  for (guint n = 1; n <= 2 * (WORKERS + 1); n++) {
    fail_unless_equals_int (rexnet_flight_wait (flight, 10), GST_FLOW_OK);
    fail_unless_equals_int (rexnet_flight_enter (flight, ITEM (n), n % 2, 1),
        GST_FLOW_OK);
  }
  part (&seen);
  rexnet_flight_drain (flight);
  fail_unless_equals_int (seen.worked, WORKERS + 1);
  for (guint n = 0; n < seen.out->len; n++)
    fail_unless_equals_int (g_array_index (seen.out, guint, n), n + 1);
  fail_unless_equals_int (seen.out->len, 2 * (WORKERS + 1));
  stop (flight, &seen, pad);
}

GST_END_TEST;

typedef struct
{
  RexnetFlight *flight;
  Seen *seen;
  guint holding;                /* after draining */
} Drain;

static gpointer
drain (gpointer data)
{
  Drain *self = data;

  rexnet_flight_drain (self->flight);
  g_mutex_lock (&self->seen->lock);
  self->holding = self->seen->holding;
  g_mutex_unlock (&self->seen->lock);
  return NULL;
}

/* What follows may change what an output uses. */
GST_START_TEST (test_drain_waits_in_a_flush)
{
  RexnetFlight *flight;
  GThread *thread;
  GstPad *pad;
  Seen seen;
  Drain state;

  flight = start (&seen, &pad);
  state = (Drain) { flight, &seen, G_MAXUINT };
  set_held (&seen, TRUE);
  enter (flight, 1, TRUE);
  wait_for_output (&seen);
  rexnet_flight_flush_start (flight);
  thread = g_thread_new ("drain", drain, &state);
  g_usleep (20000);             /* time to return too early */
  set_held (&seen, FALSE);
  g_thread_join (thread);
  fail_unless_equals_int (state.holding, 0);
  rexnet_flight_flush_stop (flight);
  stop (flight, &seen, pad);
}

GST_END_TEST;

/* Bytes of address space in use. */
static rlim_t
address_space (void)
{
  g_autofree char *text = NULL;

  fail_unless (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  return g_ascii_strtoull (text, NULL, 10) * sysconf (_SC_PAGESIZE);
}

/* Room for the stacks of a few of many threads. */
GST_START_TEST (test_too_few_threads)
{
  g_autoptr (GError) error = NULL;
  struct rlimit limit, before;
  RexnetFlight *flight;
  GstPad *pad;
  Seen seen;

  flight = start (&seen, &pad);
  rexnet_flight_stop (flight);
  getrlimit (RLIMIT_AS, &before);
  limit = before;
  limit.rlim_cur = address_space () + (128 << 20);
  fail_unless (setrlimit (RLIMIT_AS, &limit) == 0);
  fail_if (rexnet_flight_start (flight, 1000, &error));
  fail_unless (setrlimit (RLIMIT_AS, &before) == 0);
  fail_unless (error != NULL);
  fail_unless_equals_int (rexnet_flight_get_workers (flight), 0);
  fail_unless (rexnet_flight_start (flight, 1, NULL));
  fail_unless_equals_int (enter (flight, 1, TRUE), GST_FLOW_OK);
  rexnet_flight_drain (flight);
  fail_unless_equals_int (seen.out->len, 1);
  stop (flight, &seen, pad);
}

GST_END_TEST;

/* Idle ones may be more than the workers, and wait for who is before them. */
GST_START_TEST (test_idle_items)
{
  RexnetFlight *flight;
  GstPad *pad;
  Seen seen;

  flight = start (&seen, &pad);
  set_held (&seen, TRUE);
  enter (flight, 1, TRUE);
  wait_for_output (&seen);
  for (guint n = 2; n < 2 + WORKERS + 10; n++) {
    fail_unless_equals_int (rexnet_flight_wait (flight, 10), GST_FLOW_OK);
    fail_unless_equals_int (rexnet_flight_enter (flight, ITEM (n), n == 5, 0),
        GST_FLOW_OK);
  }
  set_held (&seen, FALSE);
  rexnet_flight_drain (flight);
  for (guint n = 0; n < seen.out->len; n++)
    fail_unless_equals_int (g_array_index (seen.out, guint, n), n + 1);
  fail_unless_equals_int (seen.out->len, 1 + WORKERS + 10);
  stop (flight, &seen, pad);
}

GST_END_TEST;

/* Every item ends in exactly one way, whenever it is stopped. */
GST_START_TEST (test_stop_at_any_time)
{
  for (guint i = 0; i < 60; i++) {
    guint entered = 0;
    RexnetFlight *flight;
    GstPad *pad;
    Seen seen;

    flight = start (&seen, &pad);
    seen.rand = g_rand_new_with_seed (i);
    for (guint n = 1; n <= i; n++)
      entered += enter (flight, n, n % 3 != 0) == GST_FLOW_OK;
    if (i % 2)
      rexnet_flight_set_workers (flight, 1 + i % 4);
    if (i % 7 == 0)
      rexnet_flight_flush_start (flight);
    rexnet_flight_stop (flight);
    rexnet_flight_stop (flight);
    fail_unless_equals_int (seen.out->len + seen.dropped, entered);
    fail_unless_equals_int (enter (flight, 1, TRUE), GST_FLOW_FLUSHING);

    fail_unless (rexnet_flight_start (flight, 1 + i % 2, NULL));
    fail_unless (rexnet_flight_start (flight, 1, NULL));
    fail_unless_equals_int (enter (flight, 1000, TRUE), GST_FLOW_OK);
    rexnet_flight_drain (flight);
    fail_unless_equals_int (g_array_index (seen.out, guint, seen.out->len - 1),
        1000);
    stop (flight, &seen, pad);
  }
}

GST_END_TEST;

static Suite *
flight_suite (void)
{
  Suite *suite = suite_create ("buffers under way");
  TCase *tc = tcase_create ("flight");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 60);
  tcase_add_test (tc, test_order_under_random_delays);
  tcase_add_test (tc, test_side_by_side);
  tcase_add_test (tc, test_flow);
  tcase_add_test (tc, test_eos_is_forgotten);
  tcase_add_test (tc, test_flush_wakes_who_waits);
  tcase_add_test (tc, test_queued);
  tcase_add_test (tc, test_queued_among_idle);
  tcase_add_test (tc, test_drain_waits_in_a_flush);
  tcase_add_test (tc, test_too_few_threads);
  tcase_add_test (tc, test_idle_items);
  tcase_add_test (tc, test_stop_at_any_time);
  return suite;
}

GST_CHECK_MAIN (flight);
