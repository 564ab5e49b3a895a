"""Who hands shards to workers: adapters of `queueing.Dispatcher`, in this process and on PostgreSQL."""
