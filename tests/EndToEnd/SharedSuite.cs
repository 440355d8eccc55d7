using Xunit;

namespace Microservices.Tests.EndToEnd;

/// <summary>One suite, started as a user starts it with no options, for all tests that leave it as it is.</summary>
public sealed class SharedSuite : IAsyncLifetime
{
    private Suite? suite;

    /// <summary>The suite; ready.</summary>
    public Suite Suite => suite ?? throw new InvalidOperationException("Not started");

    /// <inheritdoc/>
    public async Task InitializeAsync() => suite = await Suite.StartAsync();

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (suite is not null)
            await suite.DisposeAsync();
    }
}

/// <summary>The tests that share it.</summary>
[CollectionDefinition(Name)]
public sealed class SharedSuiteTests : ICollectionFixture<SharedSuite>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "One suite for all";
}
