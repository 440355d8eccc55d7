using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>Deletes relayed events past <see cref="OutboxOptions.Retention"/>.</summary>
internal sealed class OutboxCleaner<TContext>(
    OutboxStore<TContext> store, IOptions<OutboxOptions> options, TimeProvider time, ILogger<OutboxCleaner<TContext>> logger)
    : Cleaner(options.Value.Retention, time, logger)
    where TContext : ServiceDbContext
{
    protected override Task<int> DeleteAsync(DateTimeOffset before, int count, CancellationToken cancellationToken) =>
        store.TrimAsync(before.ToUnixTimeMilliseconds(), count, cancellationToken);
}
