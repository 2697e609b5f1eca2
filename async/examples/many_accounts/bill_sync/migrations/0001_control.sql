-- Accounts are names of profiles. Their keys are in the workers' credentials files, never here.
create table accounts (
    name text primary key,
    -- Where its requests go; null: the public service.
    endpoint text,
    -- The app whose usage is read; null: none is.
    app_id text,
    -- Requests a second of each of its lists; null: as many as the service documents.
    rate bigint
);

create sequence walks;

-- What is to be fetched: an account's records of a month. The rows of `shown_walk` are those that readers see.
create table windows (
    account text not null references accounts on delete cascade,
    data_set text not null,
    month date not null,
    state text not null default 'due' check (state in ('due', 'done', 'parked')),
    -- Not before then, while it is due.
    run_at timestamptz not null default now(),
    -- Whether the month was over for good when the walk began.
    closed boolean not null,
    -- The walk that is under way, where it stands, and what it has written so far.
    walk_id bigint,
    walk jsonb,
    pages int not null default 0,
    written bigint not null default 0,
    -- The last walk that came to its end.
    shown_walk bigint unique,
    rows bigint not null default 0,
    fetched_at timestamptz,
    -- Failures since it was last done, and the last one: what to do, and what a ticket needs.
    failures int not null default 0,
    error text,
    remedy text,
    ticket text,
    primary key (account, data_set, month)
);

create index on windows (account, data_set, run_at) where state = 'due';

-- Who may ask an account for a data set, and write what comes. The token grows with each holder.
create table leases (
    account text not null references accounts on delete cascade,
    data_set text not null,
    holder text not null,
    token bigint not null,
    expires_at timestamptz not null,
    primary key (account, data_set)
);

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
