#include "daemon/io/rate.h"

void om_rate_note(struct om_rate *rate, int64_t now_ms, uint64_t in, uint64_t out) {
  uint32_t last = (rate->next + OM_RATE_SAMPLES - 1) % OM_RATE_SAMPLES;
  if (rate->n > 0 && now_ms - rate->samples[last].at_ms < OM_RATE_STEP_MS) return;
  rate->samples[rate->next] = (struct om_rate_sample){now_ms, in, out};
  rate->next = (rate->next + 1) % OM_RATE_SAMPLES;
  if (rate->n < OM_RATE_SAMPLES) rate->n++;
}

void om_rate_show(const struct om_rate *rate, uint64_t *in_s, uint64_t *out_s, int64_t now_ms, uint64_t in,
                  uint64_t out) {
  *in_s = *out_s = 0;
  if (rate->n == 0) return;
  const struct om_rate_sample *oldest = &rate->samples[(rate->next + OM_RATE_SAMPLES - rate->n) % OM_RATE_SAMPLES];
  if (now_ms <= oldest->at_ms) return;
  uint64_t took_ms = (uint64_t)(now_ms - oldest->at_ms);
  *in_s = (in - oldest->in) * 1000 / took_ms;
  *out_s = (out - oldest->out) * 1000 / took_ms;
}
