/**
 * The text of a first trunkline.yaml: every key, with what it is for and its default. Blocks under a line that ends in `Example:` are examples;
 * with the `# ` before their lines removed they are valid (a test does so).
 */
// eslint-disable-next-line max-lines-per-function -- one text
export function initialConfig(options: { schema: string; dataDir: string; signed: boolean }): string {
  const { schema, dataDir, signed } = options;
  return `# yaml-language-server: $schema=${schema}
#
# Trunkline's configuration. "trunkline config check" tells every mistake in it with its line; docs/configuration.md has every key.
# Sizes are written as 2GiB or 500MB, times as 30m or 2h. \${NAME} stands for a variable of the environment.

# Directory for everything Trunkline keeps: database, git mirrors, logs, repositories. A relative path starts at this file's directory.
data_dir: ${JSON.stringify(dataDir)}

# What the directory repos/ in it is served as; client files and mails have addresses below it.
# base_url: https://packages.example.org/trunk

# Who signs repositories: {} stands for keys that Trunkline makes and keeps in data_dir/keys ("trunkline key list"). Without it they are unsigned.
${signed ? '' : '# '}signing: {}
# A key of yours in a GnuPG home:
# signing: { key: 0123456789ABCDEF0123456789ABCDEF01234567, gnupghome: /etc/trunkline/gnupg, passphrase_file: /etc/trunkline/passphrase }
# A program that reaches the key, on another machine or in a token:
# signing: { command: [/usr/local/bin/sign, trunkline], public_keys: /etc/trunkline/keys.asc }

# Builds at once. Default: the number of processors.
# jobs: 2

# How often an attempt that failed for infrastructure reasons (a mirror that is down, a full disk) is retried.
# max_retries: 3

# SQLite in the data directory is the default; PostgreSQL is for several servers. database_file names a file with the address in it.
# database: postgres://trunkline:\${PGPASSWORD}@db.example.org/trunkline
# database_file: /etc/trunkline/database

# With PostgreSQL, what is one server's own, on a disk of its machine; the data directory is shared. Default: local/<host name> in it.
# local_dir: /var/lib/trunkline-local

# Refs that are moved by hand with --force only, besides current and consistent.
# protected_refs: [released]

# What "trunkline gc" keeps besides what refs, holds, pins and newest successes need. What goes is announced the time of grace before.
# gc:
#   older_than: 30d                    # snapshots younger than this
#   keep_last: 50                      # the newest of each target
#   keep_promotions: 10                # the newest of each name
#   grace: 14d

# Which snapshots exist as files for a plain web server, besides what refs, holds and newest successes need; others are made again when asked for.
# materialised:
#   keep_last: 100                     # the newest of each target
#   grace: 7d                          # others, after they were made, asked for, or left by a ref

# Where "trunkline serve" listens. A proxy in front of it brings TLS.
# server: { listen: "127.0.0.1:8080" }

# Forges that tell of pushes, at /webhooks/<name> of this server; docs/webhooks.md has each one's ways.
# forges:
#   github: { secret: "\${GITHUB_SECRET}" }                      # or secret_file
#   salsa: { kind: gitlab, secret: ["\${NEW}", "\${OLD}"] }      # both good, while one takes the place of the other

# Who is told of events by HTTP, in the form of Standard Webhooks.
# webhooks:
#   - { name: ci, url: "https://ci.example.org/hook", secret: "\${CI_SECRET}", events: [promoted, ref_moved] }

# trace, debug, info, warn, error, fatal or silent.
# log_level: warn

# How maintainers are told of a project's first failure after a success, and of its recovery. Without mail nobody is told.
# mail:
#   smtp: smtp://localhost:25          # smtp://user:\${SMTP_PASSWORD}@host:587 (STARTTLS) or smtps://…:465; or smtp_file
#   from: trunkline@example.org
#   log_lines: 40                      # lines of the end of the log in the mail
#   maintainers:                       # those who want digests, or quiet times; the others are told at once
#     ann@example.org: { digest: daily, at: "08:30", timezone: Europe/Berlin }
#     bob@example.org: { digest: hourly, quiet: { from: "19:00", to: "07:00" }, quiet_weekend: true }

# What hostile code may use up, for each build and check.
# limits:
#   memory: 4GiB
#   processes: 2048
#   disk: 10GiB
#   time: 2h
#   output: 100MiB                     # log
#   source_size: 2GiB                  # one commit's tree

# What packages are built for. A name made as <distribution>-<release>-<arch> fills those three in.
# "trunkline target check" says what is missing on this machine; "trunkline target prepare" makes the roots.
targets: {}
# Example:
# targets:
#   fedora-43-x86_64:
#     base:
#       - id: fedora
#         metalink: https://mirrors.fedoraproject.org/metalink?repo=fedora-$releasever&arch=$basearch
#         gpgkey: /usr/share/distribution-gpg-keys/fedora/RPM-GPG-KEY-fedora-43-primary
#     # or, taking them out of a mock configuration: base_from_mock: fedora-43-x86_64
#     builder: sandbox                 # ours; or mock
#     root: prepared                   # or host: this machine's own programs
#     version_form: caret              # or dlrn
#   debian-12-amd64:
#     base:
#       - uri: http://deb.debian.org/debian
#         suites: [bookworm, bookworm-updates]
#         components: [main]
#       - uri: http://security.debian.org/debian-security
#         suites: bookworm-security
#     components: [main, contrib]      # of its own repository; default: everything in main
#     limits: { time: 1h }

# What every project has unless it says otherwise, key by key. %(name)s is the project's name, %(key)s another key or a word of vars.
# Example:
# defaults:
#   upstream: { url: "https://git.example.org/upstream/%(name)s", branch: main }
#   packaging:
#     rpm: { url: "https://git.example.org/rpms/%(name)s", branch: main }
#     deb: { url: "https://git.example.org/debs/%(name)s", branch: main }
#   maintainers: ["%(name)s-packagers@example.org"]

# What is packaged. With defaults as above an entry may be empty.
projects: {}
# Example:
# projects:
#   alpha: {}
#   beta:
#     targets: [debian-12-amd64]       # default: every target whose format has packaging
#     component: base
#     tags: [nightly]
#   gamma:
#     upstream: https://git.example.org/elsewhere/gamma.git
#     packaging:
#       rpm: { url: https://git.example.org/rpms/monorepo, branch: main, path: gamma }
#     version: { from: tags, tag_pattern: "^gamma-(.+)$" }   # or pep440, or script
#     source: { submodules: true }                           # or from: command
`;
}
