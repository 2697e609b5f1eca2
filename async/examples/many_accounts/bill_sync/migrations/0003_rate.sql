-- Requests a second of each of its lists; null: as many as the service documents.
alter table accounts add rate bigint;
