-- The workers, and when each was last seen.
create table workers (
    id bigint generated always as identity primary key,
    seen_at timestamptz not null default now()
);

-- Accounts whose keys a worker doesn't find. A window is parked for that when no worker that runs has them.
create table lacks (
    account text not null references accounts on delete cascade,
    worker bigint not null references workers on delete cascade,
    primary key (account, worker)
);
