namespace Microservices.Identity;

/// <summary>How a client comes by tokens.</summary>
internal enum Grant
{
    /// <summary>A browser is sent to log in and comes back with a code (RFC 6749, 4.1), always with PKCE.</summary>
    AuthorizationCode,

    /// <summary>A person lets a device or command line in, by a code that it shows (RFC 8628).</summary>
    DeviceCode,

    /// <summary>For itself (RFC 6749, 4.4); with a key only.</summary>
    ClientCredentials,

    /// <summary>Another token for one that it has: to go on when the request is over, or as an operator who looks at what a user sees (RFC 8693); with a key only.</summary>
    TokenExchange,
}

/// <summary>One client: an item of <c>Identity:Clients</c>.</summary>
internal sealed class ClientDefinition
{
    /// <summary>The <see cref="ClientId"/> of <see cref="CommandLine"/>.</summary>
    public const string CommandLineId = "cli";

    /// <summary>Its <c>client_id</c>.</summary>
    public string ClientId { get; set; } = "";

    /// <summary>What people read whom they let in.</summary>
    public string DisplayName { get; set; } = "";

    /// <summary>How it comes by tokens.</summary>
    public IList<Grant> Grants { get; } = [];

    /// <summary>What it may ask for.</summary>
    public IList<string> Scopes { get; } = [];

    /// <summary>Where browsers are sent back to, compared to the character.</summary>
    public IList<string> RedirectUris { get; } = [];

    /// <summary>Where browsers are sent after they have logged out there.</summary>
    public IList<string> LogoutUris { get; } = [];

    /// <summary>A file with its public keys, a JSON Web Key Set: it proves who it is by <c>private_key_jwt</c>. None for what cannot keep a secret.</summary>
    public string? KeySetFile { get; set; }

    /// <summary>Whether people are asked before it gets a token for the first time.</summary>
    public bool AsksConsent { get; set; } = true;

    /// <summary>Whether the tokens that it gets for itself are those of an operator, bounded by their scopes. Without, they open no method but those of every caller.</summary>
    public bool IsOperator { get; set; }

    /// <summary>Command lines, which people let in: a client that is there unless one of the same id is.</summary>
    public static ClientDefinition CommandLine()
    {
        var client = new ClientDefinition { ClientId = CommandLineId, DisplayName = "Command line", Grants = { Grant.DeviceCode } };
        foreach (var scope in Authority.Scopes)
            client.Scopes.Add(scope);
        return client;
    }

    /// <summary>What is wrong with it, if anything: goes on after its key.</summary>
    public string? Problem() =>
        ClientId.Length is 0 or > 100 ? "must have a ClientId of 1 to 100 characters"
        : DisplayName.Length is 0 or > 100 ? "must have a DisplayName of 1 to 100 characters"
        : Grants.Count == 0 ? "must have one of the Grants: AuthorizationCode, DeviceCode, ClientCredentials, TokenExchange"
        : KeySetFile is null && (Grants.Contains(Grant.ClientCredentials) || Grants.Contains(Grant.TokenExchange)) ? "must have a KeySetFile, since ClientCredentials and TokenExchange need a key"
        : IsOperator && !Grants.Contains(Grant.ClientCredentials) ? "must have ClientCredentials among its Grants, since IsOperator is about what it does for itself"
        : Scopes.FirstOrDefault(scope => !Authority.Scopes.Contains(scope)) is { } unknown ? $"must have Scopes among {string.Join(", ", Authority.Scopes)}, but has '{unknown}'"
        : RedirectUris.Concat(LogoutUris).FirstOrDefault(uri => !IsRedirect(uri)) is { } bad ? $"must have RedirectUris and LogoutUris that are absolute, without a fragment, but has '{bad}'"
        : null;

    private static bool IsRedirect(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Fragment.Length == 0 && uri.Scheme is not ("javascript" or "data" or "file");
}
