namespace Microservices.Hosting.Auth;

/// <summary>Where the key set is read, and how often it may be.</summary>
public abstract class KeySource
{
    /// <summary>Whether it is on this machine: then it is there when the process starts, or the setting is wrong.</summary>
    public abstract bool IsLocal { get; }

    /// <summary>How long a key set is used before it is read anew.</summary>
    public abstract TimeSpan Period { get; }

    /// <summary>How long at least from one reading to the next, whoever sends tokens with unknown keys.</summary>
    public abstract TimeSpan MinPeriod { get; }

    /// <summary>What it is, for logs.</summary>
    public abstract string Name { get; }

    /// <summary>Reads the key set, as JSON.</summary>
    public abstract Task<string> ReadAsync();

    /// <summary>The source that the options name.</summary>
    internal static KeySource Of(AuthOptions options, Func<AuthorityClient> authority) => options.KeysFile is { } file ? new FileSource(file) : new AddressSource(options.KeysUri, authority());

    private sealed class FileSource(string path) : KeySource
    {
        public override bool IsLocal => true;

        public override TimeSpan Period { get; } = TimeSpan.FromSeconds(5);

        public override TimeSpan MinPeriod { get; } = TimeSpan.FromSeconds(1);

        public override string Name => path;

        public override Task<string> ReadAsync() => File.ReadAllTextAsync(path);
    }

    private sealed class AddressSource(Uri address, AuthorityClient authority) : KeySource
    {
        public override bool IsLocal => false;

        public override TimeSpan Period { get; } = TimeSpan.FromMinutes(5);

        public override TimeSpan MinPeriod { get; } = TimeSpan.FromSeconds(30);

        public override string Name => address.ToString();

        public override Task<string> ReadAsync() => authority.Http.GetStringAsync(address);
    }
}
