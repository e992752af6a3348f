/* What befalls the network in a seed, beside what members do with lots: each in a file of its own, and part of every
 * step. Included by sim.h alone. */
#ifndef OREMARK_TESTS_SIM_PLOTS_H
#define OREMARK_TESTS_SIM_PLOTS_H

/* operator.c */
void sim_copy_store(const struct sim *s, const char *to, const char *from); /* nothing writes to it now */
void sim_back_up(struct sim_node *n);
/* Loses N's store, or puts the old copy in its place, if the network stands it. */
void sim_lose_store(struct sim_node *n);
void sim_operators_step(struct sim *s);

/* join.c */
void sim_join_step(struct sim *s);
bool sim_names(struct sim_node *n, uint32_t log); /* whether the registry at N names LOG */

/* restart.c */
void sim_restart_begin(struct sim *s);
void sim_restart_step(struct sim *s);

/* races.c */
void sim_races_begin(struct sim *s);
void sim_races_step(struct sim *s);
void sim_races_accepts(struct sim_node *n);  /* now, or tries to */
void sim_races_accepted(struct sim_node *n); /* so it has */

/* missed.c */
size_t sim_missed_daemons(const struct sim *s); /* of the network in that scene; 0: it is another */
void sim_missed_begin(struct sim *s);
void sim_missed_step(struct sim *s);
void sim_missed_open(struct sim_node *n, struct om_node_config *config);

/* succession.c */
void sim_succession_begin(struct sim *s);
void sim_succession_end(struct sim *s);
void sim_succession_step(struct sim *s);
bool sim_registry_works(const struct sim *s); /* its daemon is up, and has what it needs to judge an act */
/* Whether A and B may have a link: who has not accepted it does not know the registry's new daemon. */
bool sim_succession_knows(const struct sim *s, uint32_t a, uint32_t b);
bool sim_succeeded(const struct sim *s); /* everybody has accepted it, and it has a quorum */

/* freeze.c */
void sim_freeze_begin(struct sim *s);
void sim_freeze_forked(struct sim *s);            /* just now */
bool sim_torn(const struct sim *s, uint32_t log); /* LOG may have two histories that both are final */
size_t sim_frozen(struct sim *s);                 /* how many honest daemons have frozen such a log */

/* seal.c */
void sim_seal_step(struct sim *s);
void sim_sealed(struct sim_node *n, const uint8_t *seal, size_t len);

/* govern.c */
void sim_keys_begin(struct sim *s);
void sim_keys_end(struct sim *s);
void sim_keys_step(struct sim *s);
/* With which MEMBER signs this time. */
const struct om_secret *sim_key(struct sim *s, uint32_t member);
void sim_govern_begin(struct sim *s);
void sim_govern_step(struct sim *s);

/* governors.c */
void sim_governors_begin(struct sim *s);
void sim_governors_end(struct sim *s);
void sim_governors_step(struct sim *s);
void sim_governors_change(struct sim *s); /* who governs */
/* EVENT in a statement of the governors; malloc'ed. */
uint8_t *sim_govern_sign(struct sim *s, size_t *len, Oremark__Event *event);
/* EVENT, an act of the governors, is final in the registry. */
void sim_governors_model(struct sim *s, const struct om_hash *id, const Oremark__SignedStatement *said,
                         const Oremark__Event *event);
void sim_governors_restated(struct sim *s);

/* policy.c */
void sim_policy_begin(struct sim *s);
void sim_policy_step(struct sim *s);
void sim_policy_opened(struct sim_node *n); /* before its first batch */
void sim_policy_refused(struct sim_node *n, const struct om_status *why);
bool sim_policy_works(struct sim *s);               /* the next lot is smelted, so that limits are met */
int64_t sim_policy_gain(struct sim *s, int64_t cu); /* what the scales say over it */
uint32_t sim_policy_days(struct sim *s);            /* for which the next statement is valid; 0: a year */
void sim_policy_model(struct sim *s, uint64_t index, const Oremark__Event *event);
/* By EVENT in LOG, MEMBER makes OUT of IN. */
void sim_policy_gained(struct sim *s, uint32_t log, uint32_t member, const Oremark__Event *event, int64_t in,
                       int64_t out);
void sim_policy_valid(struct sim *s, uint32_t log, const Oremark__Statement *statement);
void sim_policy_restated(struct sim *s);
/* Nobody takes in rules that it does not know, and who waits for that waits where they change. */
void sim_policy_check(struct sim_node *n, struct om_txn *txn);

/* documents.c */
void sim_documents_begin(struct sim *s);
void sim_documents_end(struct sim *s);
void sim_documents_open(struct sim_node *n, struct om_node_config *config);
void sim_documents_close(struct sim_node *n);
void sim_documents_lose(struct sim_node *n);                                   /* with its disk */
void sim_documents_attach(struct sim *s, Oremark__Event *event);               /* now and then */
void sim_documents_put(struct sim_node *n);                                    /* what was attached, mostly */
bool sim_documents_door(struct sim_node *n, const uint8_t *bytes, size_t len); /* does a statement pass it? */
void sim_documents_step(struct sim *s);
void sim_documents_model(struct sim *s, uint32_t log, const Oremark__Event *event);
void sim_documents_check(struct sim *s);
bool sim_documents_settled(struct sim *s); /* everybody honest has what anybody honest has, unless it has erased it */

/* attest.c */
void sim_attest_begin(struct sim *s);
void sim_attest_step(struct sim *s);
/* Whether all that EVENT leans on of attestations is final, as far as has been seen. */
bool sim_attest_known(struct sim *s, const Oremark__Event *event);
/* EVENT, by MEMBER, is final. */
void sim_attest_model(struct sim *s, uint32_t member, const struct om_hash *statement_id, const Oremark__Event *event);
void sim_attest_restated(struct sim *s);

/* overrule.c */
void sim_overrule_begin(struct sim *s);
void sim_overrule_step(struct sim *s);
/* EVENT, an act of the governors, is final as entry INDEX of the registry. */
void sim_overrule_model(struct sim *s, uint64_t index, const Oremark__Event *event);
/* Whether the governors stand in for the releasers of LOT's hold, as of LOG's mark of the registry. */
bool sim_overruled(const struct sim *s, uint32_t log, const struct sim_lot *lot);
void sim_overrule_restated(struct sim *s);

#endif
