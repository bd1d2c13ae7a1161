"""The processes: fetch (IMAP), jobs (what rq runs), clock (deadlines, alerts, outbox, sweeps)."""
