using Google.Protobuf;
using Microservices.EventLog;
using Microservices.Primitives;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Persistence;

/// <summary>
/// A service's database: its own tables, and what every service keeps beside them. One model for SQLite and PostgreSQL: text is
/// compared by bytes on both, times are UTC to the microsecond on both.
/// </summary>
public abstract class ServiceDbContext(DbContextOptions options) : DbContext(options)
{
    /// <summary>Commands that were carried out under an idempotency key.</summary>
    public DbSet<IdempotencyRecord> IdempotencyRecords => Set<IdempotencyRecord>();

    /// <summary>Events committed with their changes, and kept for a while.</summary>
    internal DbSet<OutboxEvent> OutboxEvents => Set<OutboxEvent>();

    /// <summary>The counters of the topics.</summary>
    internal DbSet<OutboxTopic> OutboxTopics => Set<OutboxTopic>();

    /// <summary>Who relays the outbox.</summary>
    internal DbSet<OutboxLease> OutboxLeases => Set<OutboxLease>();

    /// <summary>Events that the log refused.</summary>
    internal DbSet<QuarantinedEvent> OutboxQuarantine => Set<QuarantinedEvent>();

    /// <summary>Work that is to be done at a time.</summary>
    internal DbSet<DueWork> DueWork => Set<DueWork>();

    /// <summary>The work that the change that is being made adds.</summary>
    internal List<NewDueWork> NewDue { get; } = [];

    /// <summary>Keys of which the change has put work back.</summary>
    internal HashSet<(string Kind, string Key)> ChangedDueKeys { get; } = [];

    /// <summary>The attempt that the change ends; null for none.</summary>
    internal DueEnd? EndedDue { get; set; }

    /// <summary>What is done once the change that is being made is committed.</summary>
    internal List<Action> OnceCommitted { get; } = [];

    /// <summary>Whether the change says anything of due work.</summary>
    internal bool ChangesDue => NewDue.Count > 0 || ChangedDueKeys.Count > 0 || EndedDue is not null;

    /// <summary>The events of the change that is being made; they get their offsets when it commits.</summary>
    internal List<(string Topic, string Key, byte[] Payload, byte[]? TraceContext, Action<long>? Placed)> NewEvents { get; } = [];

    /// <summary>
    /// Tells of the change that is being made: commits an event with it, at the end of each of the topics, in the order of the calls.
    /// The current span, if it is recorded, is kept with it as its cause. Only within <see cref="Database{TContext}.WriteAsync"/>; when that fails or is run again, the event never was.
    /// </summary>
    /// <param name="topics">Where to.</param>
    /// <param name="key">What the event is about, for readers that want the newest of each; may be empty.</param>
    /// <param name="message">The event. Kept as the bytes it has now.</param>
    /// <param name="placed">Called with its offset in the first of the topics, once that is known: right before the commit, so that it may only add rows to this context.</param>
    /// <exception cref="ArgumentException">What <see cref="EventRules"/> does not allow, so that no log would take it; or the event says nothing at all.</exception>
    public void AddEvent(IEnumerable<string> topics, string key, IMessage message, Action<long>? placed = null)
    {
        var payload = message.ToByteArray();
        if (payload.Length == 0)
            throw new ArgumentException("An event without content is what takes the place of one that was set aside.", nameof(message));
        var trace = TraceContext.Current;
        foreach (var topic in topics)
        {
            if (EventRules.Violation(topic, key, payload.Length) is { } violation)
                throw new ArgumentException(violation, nameof(message));
            NewEvents.Add((topic, key, payload, trace, placed));
            placed = null;
        }
    }

    /// <summary>
    /// Asks for work that is to be done at a time: commits a row of it with the change that is being made, whose handler (<see cref="DueRegistration.AddDueWork"/>)
    /// does it from then on. Only within <see cref="Database{TContext}.WriteAsync"/>; when that fails or is run again, the work was never asked for.
    /// </summary>
    /// <exception cref="ArgumentException">It is larger than it may be; the message names the property.</exception>
    public void AddDue(NewDueWork work)
    {
        if (work.Violation is { } violation)
            throw new ArgumentException(violation, nameof(work));
        NewDue.Add(work);
    }

    /// <summary>
    /// Has something done once the change that is being made is committed, such as to count it, and only then: a change may run several times, or come to nothing. It throws nothing, and takes no
    /// time. Only within <see cref="Database{TContext}.WriteAsync"/>.
    /// </summary>
    public void AfterCommit(Action action) => OnceCommitted.Add(action);

    /// <summary>
    /// Whether due work is still this process's; then it is until the transaction has ended. For a handler that commits something before it is done: what a process does that
    /// has lost the work while it stood still comes to nothing. Only within <see cref="Database{TContext}.WriteAsync"/>.
    /// </summary>
    public async Task<bool> HoldsAsync(DueWork work, CancellationToken cancellationToken) =>
        await DueWork.Where(w => w.Number == work.Number && w.Fence == work.Fence).ExecuteUpdateAsync(s => s.SetProperty(w => w.Owner, w => w.Owner), cancellationToken) == 1;

    /// <summary>
    /// The time by the database's clock, in Unix milliseconds, now and not when the transaction began: what replicas compare that share rows
    /// which expire. Their own clocks may be wrong by any amount.
    /// </summary>
    public async Task<long> ReadClockAsync(CancellationToken cancellationToken)
    {
        await Database.OpenConnectionAsync(cancellationToken);
        try
        {
            await using var command = OutboxSql.Command(this);
            command.CommandText = $"SELECT {OutboxSql.Now(this)}";
            return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        }
        finally
        {
            await Database.CloseConnectionAsync();
        }
    }

    /// <summary>
    /// The PostgreSQL schema of a service, so that several may share a database: OrdersDbContext has the schema "orders". SQLite has
    /// no schemas: a file a service.
    /// </summary>
    internal static string SchemaOf(Type context)
    {
        while (context.BaseType != typeof(ServiceDbContext))
            context = context.BaseType!;
        return context.Name.Replace("DbContext", "", StringComparison.Ordinal).ToLowerInvariant();
    }

    /// <summary>Describes the service's own tables.</summary>
    protected abstract void Describe(ModelBuilder model);

    /// <inheritdoc/>
    protected sealed override void OnModelCreating(ModelBuilder modelBuilder)
    {
        if (Database.IsNpgsql())
            modelBuilder.HasDefaultSchema(SchemaOf(GetType()));
        // So that a change commits with its event and its idempotency record.
        SharedTables.DescribeForService(modelBuilder);
        Describe(modelBuilder);
    }

    /// <inheritdoc/>
    protected sealed override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        PortableTypes.Use(configurationBuilder, Database.IsNpgsql());
}
